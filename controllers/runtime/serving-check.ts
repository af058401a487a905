import { randomUUID } from 'node:crypto';
import { request } from 'node:https';
import { sleep, type Clock } from './clock.ts';
import { describe } from './errors.ts';

/** What a server is asked, and as whom. */
export interface SelfCallOptions {
  readonly port: number;
  /** The address it listens at; none, or one that means all of them, is this machine. */
  readonly host: string | undefined;
  /** The name by which the API server knows it. */
  readonly servername: string;
  /** Whom the API server trusts. */
  readonly ca: string;
  readonly path: string;
}

/** The API server would have given up by then. */
const CALL_MS = 2_000;

/** Asks a server of ours what the API server would, as it would; tells what went wrong, if anything did. */
export function callSelf({ port, host, servername, ca, path }: SelfCallOptions): Promise<string | undefined> {
  const uid = randomUUID();
  // A connection that nobody makes to an object that is nowhere: every webhook permits it.
  const review = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid, operation: 'CONNECT', resource: { group: '', version: 'v1', resource: '' }, dryRun: true },
  };
  const here = host === undefined || host === '::' || host === '0.0.0.0' ? 'localhost' : host;
  const target = { host: here, port, path, method: 'POST', servername, ca, agent: false, timeout: CALL_MS } as const;
  return new Promise((resolve) => {
    const call = request({ ...target, headers: { 'content-type': 'application/json' } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () =>
        resolve(response.statusCode === 200 && text.includes(uid) ? undefined : `it answered ${response.statusCode}`),
      );
      // An answer that is cut off has no end, and is no error of the call either.
      response.once('close', () => resolve('its answer was cut off'));
    });
    call.once('timeout', () => call.destroy(new Error(`no answer within ${CALL_MS / 1000} s`)));
    call.once('error', (error) => resolve(describe(error)));
    call.end(JSON.stringify(review));
  });
}

/** What is looked at over and over. */
export interface WatchdogOptions {
  readonly clock: Clock;
  /** Tells what is wrong, if anything is. */
  readonly look: () => Promise<string | undefined>;
}

/** Twice within the time that three probes of the kubelet take, so that what they see is never old. */
const LOOK_MS = 5_000;

/** Looks again and again, and at once when told to; what it saw last can be asked for at any time. */
export function createWatchdog({ clock, look }: WatchdogOptions) {
  let fault: string | undefined = 'not tried yet';
  let poke = (): void => {};
  return {
    fault: () => fault,
    /** Something changed that may have changed this, too. */
    poke: () => poke(),
    async run(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        const poked = new AbortController();
        poke = () => poked.abort();
        // An authority that is none makes the call throw: that is a fault to tell, not one to die of.
        fault = await look().catch(describe);
        await sleep(clock, LOOK_MS, AbortSignal.any([signal, poked.signal]));
      }
    },
  };
}
