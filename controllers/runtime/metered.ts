import { systemClock, type Clock } from './clock.ts';
import { ApiError } from './errors.ts';
import { stopwatch, type Metrics } from './metrics.ts';
import { around, type Transport } from './transport.ts';

/** Counts every call and times those that end; a watch counts once, when it is answered. */
export function metered(inner: Transport, metrics: Metrics, host: string, clock: Clock = systemClock): Transport {
  const count = (method: string, code: string) => metrics.requests.inc({ code, method, host });
  return around(inner, {
    async request(request, signal) {
      const seconds = stopwatch(clock);
      try {
        const answer = await inner.request(request, signal);
        // The transport tells no success from another: 200 and 201 mean the same to whoever watches the rate.
        count(request.method, '200');
        return answer;
      } catch (error) {
        count(request.method, codeOf(error));
        throw error;
      } finally {
        metrics.requestSeconds.observe({ verb: request.method, host }, seconds());
      }
    },
    async *watch(request, signal) {
      let answered = false;
      const answer = (code: string): void => {
        if (!answered) count(request.method, code);
        answered = true;
      };
      try {
        for await (const batch of inner.watch(request, signal)) {
          answer('200');
          yield batch;
        }
      } catch (error) {
        answer(codeOf(error));
        throw error;
      }
    },
  });
}

/** client-go's word for no answer at all. */
const codeOf = (error: unknown): string => (error instanceof ApiError && error.code !== 0 ? String(error.code) : '<error>');
