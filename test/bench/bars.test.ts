import { expect } from 'chai';
import { bars } from './bars.ts';
import { callsBetween, parseCalls } from './calls.ts';
import type { Name } from './contestant.ts';
import { bytesOf, cpuSecondsOf } from './proc.ts';
import { bytesPerObject, edits, ratio, type Row } from './rows.ts';
import { quantile, summarise } from './stats.ts';

const settled = (contestant: Name, round: number, metric: string, value: number): Row => ({
  phase: 'settle',
  objects: 100,
  round,
  workers: 4,
  contestant,
  metric,
  value,
});
const cold = (contestant: Name, objects: number, metric: string, value: number): Row => ({
  phase: 'cold',
  objects,
  round: 1,
  workers: 4,
  contestant,
  metric,
  value,
});

describe('the arithmetic of the benchmark', () => {
  for (const { values, share, want } of [
    { values: [3, 1, 2], share: 0.5, want: 2 },
    { values: [4, 1, 2, 3], share: 0.5, want: 2.5 },
    { values: [10, 20], share: 0.99, want: 19.9 },
    { values: [7], share: 0.99, want: 7 },
  ]) {
    it(`finds ${want} below which ${share} of ${values.join()} lie`, () => expect(quantile(values, share)).to.be.closeTo(want, 1e-9));
  }

  it('is not moved by one disturbed round', () =>
    expect(summarise([1, 1, 1, 1, 100])).to.deep.equal({ median: 1, low: 1, high: 1, rounds: 5 }));

  it('compares within a round and within a number of workers', () => {
    const rows = [
      settled('ours', 1, 'x', 2),
      settled('twin', 1, 'x', 1),
      settled('ours', 2, 'x', 30),
      settled('twin', 2, 'x', 10),
      { ...settled('twin', 1, 'x', 1000), workers: 16 },
      settled('ours', 3, 'x', 999),
    ];
    expect(ratio(rows, { metric: 'x' }, 'ours', 'twin')).to.deep.equal({ median: 2.5, low: 2.25, high: 2.75, rounds: 2 });
  });

  it('counts two cached objects for each widget', () => {
    const rows = [cold('ours', 100, 'rssBytes', 50_000), cold('ours', 300, 'rssBytes', 450_000)];
    expect(bytesPerObject(rows, 'ours', 'rssBytes')).to.equal(1000);
    expect(bytesPerObject(rows.slice(0, 1), 'ours', 'rssBytes')).to.equal(undefined);
  });

  it('tells edits that waited for the caches from those that overtook', () => {
    const rows = [cold('ours', 9, 'earlyEdit 0', 900), cold('ours', 9, 'lateEdit 1', 10), cold('ours', 9, 'lateEdit 2', 30)];
    expect(edits(rows, 'ours', 'late')).to.deep.equal({ p50: 20, p99: 29.8, count: 2 });
    expect(edits(rows, 'twin', 'late')).to.equal(undefined);
  });
});

describe('the bars of the benchmark', () => {
  for (const { name, row, want } of [
    { name: 'as many calls as the twin', row: settled('ours', 1, 'callsPerObject', 5), want: true },
    { name: 'one call more', row: settled('ours', 1, 'callsPerObject', 5.01), want: false },
    { name: 'twice the processor time', row: settled('ours', 1, 'cpuMsPerObject', 10), want: true },
    { name: 'more than that', row: settled('ours', 1, 'cpuMsPerObject', 10.1), want: false },
    { name: 'four fifths of the throughput', row: settled('ours', 1, 'objectsPerSecond', 4), want: true },
    { name: 'less than that', row: settled('ours', 1, 'objectsPerSecond', 3.9), want: false },
    { name: 'a stall of 199 ms', row: cold('ours', 9, 'stallCpuMs', 199), want: true },
    { name: 'a stall of 200 ms', row: cold('ours', 9, 'stallCpuMs', 200), want: false },
    { name: 'an edit that takes a second while all is read', row: cold('ours', 9, 'earlyEdit 0', 1000), want: false },
    { name: 'one that takes less', row: cold('ours', 9, 'earlyEdit 0', 999), want: true },
    { name: 'an edit that takes a second while all is looked at', row: cold('ours', 9, 'lateEdit 0', 1000), want: false },
  ]) {
    it(`${want ? 'take' : 'do not take'} ${name}`, () => {
      const kept = bars([row, { ...row, contestant: 'twin', value: 5 }]).map((bar) => bar.kept);
      expect(kept).to.deep.equal([want]);
    });
  }
});

describe('what the benchmark reads', () => {
  it('is the API server’s count, without what the benchmark does itself', () => {
    const metrics = (gets: number, applies: number) =>
      [
        '# TYPE apiserver_request_total counter',
        `apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="configmaps",scope="resource",subresource="",verb="GET",version="v1"} ${gets}`,
        `apiserver_request_total{code="200",component="apiserver",dry_run="",group="bench.keystone.io",resource="benchwidgets",scope="resource",subresource="status",verb="APPLY",version="v1alpha1"} ${applies}`,
        `apiserver_request_total{code="409",component="apiserver",dry_run="",group="bench.keystone.io",resource="benchwidgets",scope="resource",subresource="status",verb="APPLY",version="v1alpha1"} 1`,
        `apiserver_request_total{code="201",component="apiserver",dry_run="",group="bench.keystone.io",resource="benchwidgets",scope="resource",subresource="",verb="POST",version="v1alpha1"} ${applies}`,
        'apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="namespaces",scope="resource",subresource="",verb="GET",version="v1"} 7',
      ].join('\n');
    const { all, writes, by } = callsBetween(parseCalls(metrics(1, 2)), parseCalls(metrics(11, 7)));
    expect({ all, writes, by: [...by] }).to.deep.equal({
      all: 15,
      writes: 5,
      by: [
        ['GET configmaps', 10],
        ['APPLY benchwidgets/status', 5],
      ],
    });
  });

  it('is the kernel’s account of a process, whatever the process is called', () => {
    const fields = Array.from({ length: 50 }, (_, i) => String(i + 3));
    expect(cpuSecondsOf(`4711 (a (strange) name) ${fields.join(' ')}`)).to.equal((14 + 15) / 100);
    expect(bytesOf('Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n', 'VmRSS')).to.equal(1024 * 1024);
  });
});
