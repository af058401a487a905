import { Secret } from '../../api/meta/builtin.ts';
import { backoffMs } from './backoff.ts';
import type { Caches } from './caches.ts';
import { createClient, type Client } from './client.ts';
import { sleep, type Clock } from './clock.ts';
import { createDeadline } from './deadline.ts';
import { describe, isConflict } from './errors.ts';
import type { Logger } from './log.ts';
import { READ, allow, type PolicyRule } from './rbac.ts';
import { fromData, issueGeneration, nextMoment, renewed, settleMs, toData, toShow, type Generation } from './serving-generations.ts';
import { publish, readRegistrations, selectionOf, type Registrations } from './serving-registration.ts';
import { createTrustMemory } from './serving-trust.ts';
import { createShowcase, type ServingCertificate } from './serving.ts';
import type { Transport } from './transport.ts';

/** The Secret in the operator's namespace that holds the certificates. */
export const CERTIFICATE_SECRET = 'keystone-webhook-certificates';

/** What issuing certificates for these webhooks needs. */
export const issuingRules = (webhooks: readonly string[]): readonly PolicyRule[] => [
  allow('', ['secrets'], [...READ, 'update'], { namespace: 'operator', resourceNames: [CERTIFICATE_SECRET] }),
  // A name can't narrow `create`: the object has none yet.
  allow('', ['secrets'], ['create'], { namespace: 'operator' }),
  allow('admissionregistration.k8s.io', ['validatingwebhookconfigurations'], ['update'], { resourceNames: webhooks }),
];

/** What the certificates are made for and with. */
export interface SelfIssuedOptions {
  readonly transport: Transport;
  readonly caches: Caches;
  readonly clock: Clock;
  readonly log: Logger;
  readonly userAgent: string;
  /** The operator's own namespace. */
  readonly namespace: string;
  /** The names by which clients know the server. */
  readonly hosts: readonly string[];
  /** The names of the webhooks, whose registrations carry the authorities. */
  readonly webhooks: readonly string[];
  readonly registrations: Registrations;
  readonly lifetimeMs: number;
}

/** Nothing is so quiet that it is not looked at now and then: clocks are set, and watches miss things. */
const LONGEST_WAIT_MS = 3_600_000;
/** Whoever fights with us over a registration must not keep us busy. */
const SHORTEST_WAIT_MS = 500;
/** Some calls one after the other; an API server that is slower than this is tried again. */
const ATTEMPT_MS = 15_000;
/** A lost race is run again at once, a missing right now and then. */
const RETRY = { firstMs: 250, longestMs: 30_000 };

/**
 * Certificates that we issue and rotate ourselves. All replicas do the same: each write is by test and set on what was read just
 * before, so whoever is first has done it for all (docs/decisions/0013).
 */
export function selfIssued(options: SelfIssuedOptions): ServingCertificate {
  const { caches, clock, log, namespace, registrations, lifetimeMs } = options;
  const secrets = caches.informer(Secret, { namespace, ...selectionOf(CERTIFICATE_SECRET) });
  const memory = createTrustMemory(registrations.trusts, clock);
  const showcase = createShowcase(log);
  let wake = (): void => {};

  const look = (): readonly Generation[] => {
    const secret = secrets.list().map((object): Secret => object)[0];
    const generations = fromData(secret?.data ?? {}, options.hosts);
    memory.note(generations);
    const next = toShow(generations, clock.date(), memory.trustedFor, settleMs(lifetimeMs));
    if (next !== undefined) showcase.show(next);
    return generations;
  };
  const changed = (): void => {
    look();
    wake();
  };
  secrets.subscribe(changed);
  registrations.onChange(changed);

  /** Sleeps for so long, or until something changes; never less than a little. */
  const rest = async (ms: number, woken: AbortSignal, signal: AbortSignal): Promise<void> => {
    await sleep(clock, Math.min(ms, SHORTEST_WAIT_MS), signal);
    await sleep(clock, ms - SHORTEST_WAIT_MS, AbortSignal.any([signal, woken]));
  };

  return {
    name: 'webhook-certificates',
    get current() {
      return showcase.current;
    },
    onChange: showcase.onChange,
    async run(signal) {
      for (let failures = 0; !signal.aborted;) {
        // From here on: what changes while we look may have changed behind our back.
        const woken = new AbortController();
        wake = () => woken.abort();
        const trouble = await attempt(options, signal);
        if (trouble !== undefined && failures === 1) log.warn('Could not renew the certificates, trying again', { cause: trouble });
        failures = trouble === undefined ? 0 : failures + 1;
        const due = nextMoment(look(), lifetimeMs) - clock.date().getTime();
        const next = Math.max(0, Math.min(due, memory.settlesInMs(settleMs(lifetimeMs)), LONGEST_WAIT_MS));
        await rest(failures > 0 ? backoffMs(failures, RETRY) : next, woken.signal, signal);
      }
    },
  };
}

/** Tells what stood in the way, if anything did. */
async function attempt(options: SelfIssuedOptions, signal: AbortSignal): Promise<string | undefined> {
  using deadline = createDeadline(options.clock, ATTEMPT_MS, signal);
  try {
    const identity = { fieldManager: 'keystone-webhook', userAgent: `${options.userAgent} (webhook)` };
    await bringInLine(createClient(options.transport, identity, deadline.signal), options);
    return undefined;
  } catch (error) {
    return isConflict(error) ? 'another replica was faster' : describe(error);
  }
}

/**
 * Makes the Secret hold what it should by now, and the registrations trust it. The registrations are read first and written last: what
 * one of them trusts beyond the Secret that is read after it has been taken out on purpose, and is no newer than it.
 */
async function bringInLine(client: Client, { namespace, hosts, webhooks, clock, lifetimeMs }: SelfIssuedOptions): Promise<void> {
  const registered = await readRegistrations(client, webhooks);
  const secret = await client.read(Secret, { namespace, name: CERTIFICATE_SECRET });
  const now = clock.date();
  const there = fromData(secret?.data ?? {}, hosts);
  const wanted = renewed(there, now, lifetimeMs, () => issueGeneration(hosts, now, lifetimeMs));
  const data = toData(wanted);
  if (secret === undefined) await client.create(Secret, { metadata: { name: CERTIFICATE_SECRET, namespace }, type: 'Opaque', data });
  else if (!isSame(data, secret.data ?? {})) await client.replace(Secret, { ...secret, data });
  const bundle = wanted.map(({ ca }) => ca).join('');
  for (const configuration of registered) await publish(client, configuration, bundle);
}

const isSame = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([name, value]) => b[name] === value);
