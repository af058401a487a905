/** Measures what realms cost: twenty started and stopped in a row, then three at once with Pods; and that nothing is left. */
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { attempt, seconds } from '../../hack/testbed/steps.ts';
import { prepareRealms } from '../../hack/testbed/testbed.ts';
import { pod } from '../e2e/pods.ts';
import { OWNER_LABEL, THIS_PROCESS } from '../env/container.ts';
import { eventually } from '../env/eventually.ts';
import { type Realm, startRealm } from '../env/realm.ts';

const STARTS = Number(process.env['BENCH_STARTS'] ?? 20);
const AT_ONCE = Number(process.env['BENCH_AT_ONCE'] ?? 3);

/** What a machine may be left with: containers, networks and volumes of realms of this process, and mounts. */
const traces = (): string => {
  const ours = ['--filter', `label=${OWNER_LABEL}=${THIS_PROCESS}`];
  const kinds = [
    ['ps', '--all'],
    ['network', 'ls'],
    ['volume', 'ls'],
  ] as const;
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .filter((line) => line.includes('keystone-realm'));
  return [...kinds.map((kind) => attempt('docker', ...kind, '--quiet', ...ours).output), ...mounts].join('\n');
};
/** A container is a tree of processes: none may outlive it. */
const programs = (): number =>
  Number(attempt('pgrep', '--count', '--full', '^(hyper|kube-router|csi-|snapshot-controller|registry|containerd)').output);

const memoryOf = ({ name }: Realm): string => attempt('docker', 'stats', '--no-stream', '--format', '{{.MemUsage}}', name).output;

async function timed<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  const since = performance.now();
  return [await work(), performance.now() - since];
}

const shown = (times: readonly number[]): string => {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number): string => ((sorted[Math.floor((sorted.length - 1) * part)] ?? NaN) / 1000).toFixed(1);
  return `${at(0.5)} s (${at(0)}–${at(1)})`;
};

async function withPods(realm: Realm): Promise<void> {
  await eventually(() => realm.kubectl(['get', 'serviceaccount', 'default']));
  await realm.apply(pod('default', 'one'), pod('default', 'two'));
  await realm.kubectl(['wait', '--for=condition=Ready', '--timeout=60s', 'pod', '--all'], { withinMs: 70_000 });
  await realm.kubectl(['-n', 'kube-system', 'rollout', 'status', 'deployment/coredns', '--timeout=60s'], { withinMs: 70_000 });
}

await prepareRealms();
const before = traces();
const programsBefore = programs();
const starts: number[] = [];
const stops: number[] = [];
let memory = '';
for (let round = 0; round < STARTS; round++) {
  const [realm, started] = await timed(() => startRealm());
  starts.push(started);
  memory = memoryOf(realm);
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
const memories = realms.map(memoryOf).map((usage) => usage.replace(/ \/.*/, ''));
const [, ended] = await timed(() => Promise.all(realms.map((realm) => realm.stop())));
console.log(`| what | measured |
| --- | --- |
| one realm, from nothing to Ready with policies enforced, ${STARTS} in a row | ${shown(starts)} |
| its end | ${shown(stops)} |
| its memory | ${memory.replace(/ \/.*/, '')} |
| ${AT_ONCE} at once, each with DNS and two Pods Ready | ${(together / 1000).toFixed(1)} s |
| memory of each | ${memories.join(', ')} |
| their end | ${(ended / 1000).toFixed(1)} s |
| containers, networks, volumes and mounts left | ${traces() === before ? 'none' : 'SOME'} |
| programs that run afterwards, of those before | ${programs()} of ${programsBefore} |`);
console.log(`\nMeasured in ${seconds(0)}; the load of the machine at the end was ${loadavg()[0]?.toFixed(1)}.`);
if (traces() !== before) {
  console.log(`before:\n${before}\nafter:\n${traces()}`);
  process.exitCode = 1;
}
