/** Measures what realms cost: twenty started and stopped in a row, then three at once with Pods; and that nothing is left. */
import { loadavg } from 'node:os';
import { attempt, seconds } from '../../hack/testbed/steps.ts';
import { prepareRealms } from '../../hack/testbed/testbed.ts';
import { pod } from '../e2e/pods.ts';
import { eventually } from '../env/eventually.ts';
import { type Realm, startRealm } from '../env/realm.ts';
import { quantile } from './stats.ts';
import { leftSince, traces } from './traces.ts';

const STARTS = Number(process.env['BENCH_STARTS'] ?? 20);
const AT_ONCE = Number(process.env['BENCH_AT_ONCE'] ?? 3);

/** Docker sweeps up the network namespaces of its containers once a minute. */
const SWEPT = { withinMs: 90_000, everyMs: 1_000 };

/** What real realms are worth having for: minutes and gigabytes would make people test on less. */
const BARS = { startMs: 10_000, togetherMs: 30_000, memoryMib: 600, stopMs: 3_000 };

/** In MiB; Docker shows it as in `460.3MiB / 23.4GiB`. */
function memoryOf({ name }: Realm): number {
  const { output } = attempt('docker', 'stats', '--no-stream', '--format', '{{.MemUsage}}', name);
  const [, value, unit = ''] = /^([\d.]+)([KMG])iB/.exec(output) ?? [];
  return Number(value) * ({ K: 1 / 1024, M: 1, G: 1024 }[unit] ?? NaN);
}

async function timed<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  const since = performance.now();
  return [await work(), performance.now() - since];
}

const shown = (times: readonly number[]): string => {
  const at = (part: number): string => (quantile(times, part) / 1000).toFixed(1);
  return `${at(0.5)} s (${at(0)}–${at(1)})`;
};
const mib = (values: readonly number[]): string => `${values.map((value) => value.toFixed(0)).join(', ')} MiB`;

async function withPods(realm: Realm): Promise<void> {
  await eventually(() => realm.kubectl(['get', 'serviceaccount', 'default']));
  await realm.apply(pod('default', 'one'), pod('default', 'two'));
  await realm.kubectl(['wait', '--for=condition=Ready', '--timeout=60s', 'pod', '--all'], { withinMs: 70_000 });
  await realm.kubectl(['-n', 'kube-system', 'rollout', 'status', 'deployment/coredns', '--timeout=60s'], { withinMs: 70_000 });
}

await prepareRealms();
const before = traces();
const starts: number[] = [];
const stops: number[] = [];
const memories: number[] = [];
for (let round = 0; round < STARTS; round++) {
  const [realm, started] = await timed(() => startRealm());
  starts.push(started);
  memories.push(memoryOf(realm));
  const [, stopped] = await timed(() => realm.stop());
  stops.push(stopped);
}
const [realms, together] = await timed(() =>
  Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      const realm = await startRealm();
      await withPods(realm);
      return realm;
    }),
  ),
);
const memoriesTogether = realms.map(memoryOf);
const [, ended] = await timed(() => Promise.all(realms.map((realm) => realm.stop())));
const left = await eventually(() => {
  const found = leftSince(before, traces());
  if (found.length > 0) throw new Error(found.join('\n'));
  return found;
}, SWEPT).catch(() => leftSince(before, traces()));
console.log(`| what | measured |
| --- | --- |
| one realm, from nothing to Ready with policies enforced, ${STARTS} in a row | ${shown(starts)} |
| its end | ${shown(stops)} |
| its memory | ${mib([quantile(memories, 0.5)])} |
| ${AT_ONCE} at once, each with DNS and two Pods Ready | ${(together / 1000).toFixed(1)} s |
| memory of each | ${mib(memoriesTogether)} |
| their end | ${(ended / 1000).toFixed(1)} s |
| containers, networks, volumes, mounts and programs left afterwards | ${left.length === 0 ? 'none' : 'SOME'} |`);
console.log(`\nMeasured in ${seconds(0)}; the load of the machine at the end was ${loadavg()[0]?.toFixed(1)}.`);
if (left.length > 0) {
  console.log(`What was not there before:\n${left.join('\n')}`);
  process.exitCode = 1;
}

/** What was not measured, as with BENCH_STARTS=0, breaks no bar; what could not be read does. */
const results: readonly (readonly [what: string, values: readonly number[], below: number])[] = [
  ['a realm starts, ms', starts, BARS.startMs],
  ['a realm ends, ms', stops, BARS.stopMs],
  ['a realm, MiB', memories, BARS.memoryMib],
  [`${AT_ONCE} realms with Pods, ms`, [together], BARS.togetherMs],
  ['each of them, MiB', memoriesTogether, BARS.memoryMib],
];
for (const [what, values, below] of results) {
  const median = quantile(values, 0.5);
  if (values.length === 0 || median < below) continue;
  console.log(`Above its bar: ${what}, ${median.toFixed(0)} where less than ${below} is wanted.`);
  process.exitCode = 1;
}
