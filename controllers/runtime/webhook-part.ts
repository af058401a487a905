import { X509Certificate } from 'node:crypto';
import type { Caches } from './caches.ts';
import type { Identity } from './certificates.ts';
import { sleep, untilAborted } from './clock.ts';
import { httpPart, type HttpPart } from './http-part.ts';
import type { Check } from './health.ts';
import { callSelf, createWatchdog } from './serving-check.ts';
import { servingFiles } from './serving-files.ts';
import { renewalDue } from './serving-generations.ts';
import { registrationsOf } from './serving-registration.ts';
import { selfIssued } from './serving-self.ts';
import { TLS } from './serving.ts';
import { createJudge, type JudgeOptions } from './webhook-judge.ts';
import { createWebhookServer, type Desk } from './webhook-server.ts';
import { readerFor, type Webhook } from './webhook.ts';

/** How webhooks are served. */
export interface WebhookSettings {
  readonly host: string | undefined;
  readonly port: number;
  /** A folder with a certificate that somebody else makes and renews; without it we do. */
  readonly certificates: string | undefined;
  /** How long certificates of ours hold. */
  readonly lifetimeMs: number;
  /** How long a server that is to stop goes on answering, until everybody knows that it is leaving. */
  readonly lingerMs: number;
}

/** What webhooks are served with. */
export interface WebhookPartOptions extends WebhookSettings, JudgeOptions {
  readonly webhooks: readonly Webhook[];
  readonly caches: Caches;
  /** The operator's own namespace. */
  readonly namespace: string;
}

/** The Service in front of the replicas. */
export const WEBHOOK_SERVICE = 'keystone-webhook';
/** The port of a Service that the API server calls. */
export const WEBHOOK_PORT = 443;
/** What is being answered when the waiting is over: longer than any review may take. */
const DRAIN_MS = 5_000;

/** A server of webhooks, and whether the API server would call it and be answered. */
export interface WebhookPart extends HttpPart {
  readonly readiness: Check;
}

/** Serves webhooks from every replica, from start to a little after the stop. */
export function webhookPart(options: WebhookPartOptions): WebhookPart {
  const { webhooks, caches, clock, namespace, metrics, host, port, certificates, lingerMs } = options;
  let leaving = false;
  const servername = `${WEBHOOK_SERVICE}.${namespace}.svc`;
  const names = webhooks.map(({ name }) => name);
  const registrations = registrationsOf(names, caches);
  const certificate =
    certificates === undefined
      ? selfIssued({ ...options, hosts: [servername], webhooks: names, registrations })
      : servingFiles({ ...options, folder: certificates });
  const server = createWebhookServer({ desks: desksOf(options), clock, metrics, leaving: () => leaving });
  const listener = httpPart(server, { name: 'webhook', host, port, drainMs: DRAIN_MS });
  const watchdog = createWatchdog({ clock, look });
  certificate.onChange((identity) => {
    server.setSecureContext({ ...identity, ...TLS });
    tellAge(identity, options);
    watchdog.poke();
  });
  registrations.onChange(() => watchdog.poke());

  async function look(): Promise<string | undefined> {
    const [unregistered] = registrations.missing();
    if (unregistered !== undefined) return `no ValidatingWebhookConfiguration ${unregistered}: apply config/webhook`;
    if (certificate.current === undefined) return 'no certificate yet';
    for (const [at, ca] of registrations.bundles().entries()) {
      if (ca === '') return `the ValidatingWebhookConfiguration ${names[at] ?? ''} has no caBundle`;
      const fault = await callSelf({ host, port: listener.address().port, servername, ca, path: webhooks[at]?.path ?? '/' });
      if (fault !== undefined) return `would not be heard: ${fault}`;
    }
    return undefined;
  }

  return {
    ...listener,
    readiness: watchdog.fault,
    async run(signal) {
      const [closing, closed] = [new AbortController(), new AbortController()];
      const serving = listener.run(closing.signal);
      const helping = Promise.all([certificate.run(closed.signal), listener.ready?.().then(() => watchdog.run(closed.signal))]);
      try {
        await Promise.race([untilAborted(signal), serving, helping]);
        leaving = true;
        await sleep(clock, lingerMs);
        closing.abort();
        await serving;
      } finally {
        closed.abort();
      }
      await helping;
    },
  };
}

/** Tells when a certificate ends and is due to be renewed. */
function tellAge({ cert }: Identity, { metrics, certificates }: WebhookPartOptions): void {
  const { validFromDate: from, validToDate: until } = new X509Certificate(cert);
  metrics.certificateEnd.set(until.getTime() / 1000);
  metrics.certificateRenewal.set((certificates === undefined ? renewalDue({ from, until }) : renewalDue({ from, until }, 0)) / 1000);
}

/** One desk for each webhook, by its path. */
function desksOf({ webhooks, caches, ...options }: WebhookPartOptions): ReadonlyMap<string, Desk> {
  return new Map(
    webhooks.map((webhook) => [
      webhook.path,
      { judge: createJudge(webhook, readerFor(webhook, caches), options), timeoutMs: webhook.timeoutSeconds * 1000 },
    ]),
  );
}
