import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { KUBECTL } from '../../hack/testbed/hyper.ts';
import { eventually, type Patience } from './eventually.ts';
import type { Realm, RealmNode } from './realm.ts';

/** Where a probe runs. */
export interface InPod {
  readonly namespace: string;
  readonly pod: string;
  /** More flags for kubectl, such as on whose behalf. */
  readonly flags?: readonly string[];
}

/** A change that a probe saw, and when, in milliseconds since 1970. */
export interface Change {
  readonly at: number;
  readonly state: string;
}

/** What a probe says last that ended by itself: whatever it says after that, nobody looked. */
const LOST = 'lost';

/** A program in a Pod that watches what the network lets through. */
export interface Probe {
  /** All changes so far; the first one is what it found. */
  readonly changes: () => readonly Change[];
  /** Resolves with the change to this state if it is the latest one. */
  readonly until: (state: string, patience?: Patience) => Promise<Change>;
  readonly stop: () => void;
}

/**
 * Opens new connections to HOST:PORT twenty times a second, each of which counts as `open` once the other side answers; else
 * `closed`. They go by way of a proxy if one is named, as socks5://HOST:PORT.
 */
export function probe(realm: Realm, where: InPod, address: string, ...proxy: readonly string[]): Probe {
  return watch(realm, where, ['probe', address, ...proxy]);
}

/** Keeps one connection to HOST:PORT: `alive` while the other side answers, then `stalled` or `ended`. */
export function holdConnection(realm: Realm, where: InPod, address: string, ...proxy: readonly string[]): Probe {
  return watch(realm, where, ['hold', address, ...proxy]);
}

/** The same on a node, which all of its own Pods let in, whatever policies say. */
export function holdFromNode({ name }: RealmNode, address: string): Probe {
  const child = spawn('docker', ['exec', name, '/opt/realm/pod', 'hold', address], { stdio: ['ignore', 'pipe', 'pipe'] });
  return follow(child, `hold ${address} on ${name}`);
}

/** A busy machine makes a connection stall for a moment, after which it is alive again. */
const STALLS_MS = 2_000;

/** Resolves with the change by which a connection that is held was cut for good, and not only slow for a moment. */
export function untilCut(held: Pick<Probe, 'changes'>, patience?: Patience): Promise<Change> {
  return eventually(() => {
    const changes = held.changes();
    if (changes.at(-1)?.state === LOST) throw new Error('the connection is lost from sight');
    const cut = changes[changes.findLastIndex(({ state }) => state === 'alive') + 1];
    const isFinal = changes.at(-1)?.state === 'ended' || (cut !== undefined && Date.now() - cut.at > STALLS_MS);
    if (cut !== undefined && isFinal) return cut;
    throw new Error(`the connection is ${changes.at(-1)?.state ?? 'not there yet'}`);
  }, patience);
}

/** A dead connection misses a ping, which shows after 300 ms, and a while later here on a busy machine. */
const OUTLIVED_AFTER_MS = 1_000;

/** Resolves once a connection that is held has outlived what happened at a moment, and returns the time; who cuts it then has cut it. */
export function untilOutlived(held: Pick<Probe, 'changes'>, moment: number, patience?: Patience): Promise<number> {
  return eventually(() => {
    const now = Date.now();
    const state = held.changes().at(-1)?.state ?? 'not there yet';
    if (state === 'alive' && now >= moment + OUTLIVED_AFTER_MS) return now;
    throw new Error(`the connection is ${state} ${now - moment} ms afterwards`);
  }, patience);
}

function watch({ kubeconfigPath }: Realm, { namespace, pod, flags = [] }: InPod, command: readonly string[]): Probe {
  const child = spawn(KUBECTL, ['exec', ...flags, '--namespace', namespace, pod, '--', '/pod', ...command], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], KUBECONFIG: kubeconfigPath },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return follow(child, `${command.join(' ')} in ${pod}`);
}

function follow(child: ChildProcessByStdio<null, Readable, Readable>, what: string): Probe {
  const changes: Change[] = [];
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [at, state = ''] = line.split(' ');
    changes.push({ at: Number(at), state });
  });
  let isStopped = false;
  // One that holds a connection ends with it.
  child.on('close', () => isStopped || changes.at(-1)?.state === 'ended' || changes.push({ at: Date.now(), state: LOST }));
  return {
    changes: () => changes,
    until: (state, patience) =>
      eventually(() => {
        const latest = changes.at(-1);
        if (latest?.state === state) return latest;
        throw new Error(`${what} is ${latest?.state ?? 'without a word'}, not ${state}. ${said}`);
      }, patience),
    // Where it runs it goes on until it has something to tell, or its container ends.
    stop: () => {
      isStopped = true;
      child.kill('SIGKILL');
    },
  };
}
