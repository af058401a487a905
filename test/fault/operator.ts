import type { Transport } from '../../controllers/runtime/transport.ts';
import type { RunningEngine } from '../env/engine.ts';
import type { Wrap } from '../env/disturbances.ts';
import type { Watched } from './old-worlds.ts';
import type { Stage } from './scenario.ts';

/** The operator of one telling: one process after the other. */
export interface Operator {
  start(wrap?: Wrap): Promise<void>;
  stop(): Promise<void>;
  /** The process is dead: another is started in its place. */
  replace(wrap?: Wrap): void;
  /** Resolves with the process that runs now; throws if one did not start. */
  current(): Promise<RunningEngine>;
  /** All processes that ran so far. */
  readonly processes: readonly RunningEngine[];
  /** How many writes they sent. */
  readonly writes: number;
  /** What they watched, by path, and how many events each collection told. */
  readonly watched: Watched;
  readonly events: ReadonlyMap<string, number>;
}

/** An operator that does not run yet. */
export function createOperator(stage: Stage): Operator {
  const processes: RunningEngine[] = [];
  const watched = new Map<string, Parameters<Transport['watch']>[0]>();
  const events = new Map<string, number>();
  let running: Promise<RunningEngine> | undefined;
  const noting: Wrap = (inner) => ({
    request: (request, signal) => inner.request(request, signal),
    close: () => inner.close(),
    async *watch(request, signal) {
      watched.set(request.path, request);
      for await (const batch of inner.watch(request, signal)) {
        const told = batch.filter(({ type }) => type !== 'BOOKMARK').length;
        events.set(request.path, (events.get(request.path) ?? 0) + told);
        yield batch;
      }
    },
  });
  const begin = async (wrap: Wrap = (inner) => inner): Promise<RunningEngine> => {
    const engine = await stage.run((inner) => noting(wrap(inner)));
    processes.push(engine);
    return engine;
  };
  const operator: Operator = {
    async start(wrap) {
      running = begin(wrap);
      await running;
    },
    async stop() {
      await (await running)?.stop();
      running = undefined;
    },
    replace(wrap) {
      // A telling that is over needs nobody any more.
      if (running === undefined) return;
      const dead = running;
      running = (async () => {
        await (await dead).stop();
        return begin(wrap);
      })();
      // Whoever needs the new one hears of it.
      running.catch(() => undefined);
    },
    async current() {
      if (running === undefined) throw new Error('no operator runs');
      const asked = running;
      const engine = await asked;
      return running === asked ? engine : operator.current();
    },
    processes,
    get writes() {
      return processes.reduce((sum, { writes }) => sum + writes.length, 0);
    },
    watched,
    events,
  };
  return operator;
}
