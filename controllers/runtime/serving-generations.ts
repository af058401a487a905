import { X509Certificate, createPrivateKey } from 'node:crypto';
import { issueAuthority, issueServer, type Identity, type Validity } from './certificates.ts';
import { isServable } from './serving.ts';

/**
 * A certificate to serve with, and the authority that signed it. An authority signs once and its key is forgotten, so that nothing
 * that is kept can sign anything else; the next certificate comes with the next authority.
 */
export interface Generation extends Identity {
  readonly ca: string;
  readonly validity: Validity;
}

/** The authority's name; which of several signed a certificate is told by its key. */
const AUTHORITY = 'keystone-webhook-ca';
/** A clock that is behind ours, as far as clocks of one cluster usually are apart. */
const SKEW_MS = 3_600_000;
/** As cert-manager does: two tries of a third are left for whatever goes wrong. */
const RENEW_AT = 2 / 3;
/** That of the times in a certificate. */
const PRECISION_MS = 1_000;
/** How long API servers may take to hear of an authority before a certificate of it is shown to them. */
const SETTLE_MS = 60_000;

/** How long an authority must have been known here before it counts as known everywhere; less where certificates live for less. */
export const settleMs = (lifetimeMs: number): number => Math.min(SETTLE_MS, lifetimeMs / 12);

/** A new certificate with a new authority, from now on. */
export function issueGeneration(names: readonly string[], now: Date, lifetimeMs: number): Generation {
  const validity = { from: new Date(now.getTime() - SKEW_MS), until: new Date(now.getTime() + lifetimeMs) };
  const authority = { name: AUTHORITY, ...issueAuthority(AUTHORITY, validity) };
  return { ...issueServer(authority, names, validity), ca: authority.cert, validity };
}

/**
 * What should be there now: what is not over, oldest first, and a new one in time. Each authority stays as long as what it signed. One
 * that does not hold yet was made by a clock ahead of ours: it is left to whoever made it, or two replicas would undo each other's for ever.
 */
export function renewed(there: readonly Generation[], now: Date, lifetimeMs: number, issue: () => Generation): readonly Generation[] {
  const kept = there.filter(({ validity }) => now < validity.until);
  const holding = kept.filter((generation) => holds(generation, now));
  return now.getTime() < lastDue(holding, lifetimeMs) ? kept : [...kept, issue()];
}

/** When there is something to do again, if nothing happens before. */
export const nextMoment = (generations: readonly Generation[], lifetimeMs: number): number =>
  generations.length === 0
    ? Infinity
    : Math.min(...generations.map(({ validity }) => validity.until.getTime()), lastDue(generations, lifetimeMs));

/** When none will do any more; who asks for shorter lives does not mean once a longer one is over. */
const lastDue = (generations: readonly Generation[], lifetimeMs: number): number =>
  Math.max(
    ...generations.filter(({ validity }) => lifeOf(validity) < lifetimeMs + PRECISION_MS).map(({ validity }) => renewalDue(validity)),
  );

/** When a certificate should be replaced; ours begins before it was made. */
export const renewalDue = (validity: Validity, headStartMs = SKEW_MS): number =>
  validity.until.getTime() - lifeOf(validity, headStartMs) * (1 - RENEW_AT);
/** For how long it was made. */
const lifeOf = ({ from, until }: Validity, headStartMs = SKEW_MS): number => Math.max(0, until.getTime() - from.getTime() - headStartMs);
const holds = ({ validity }: Generation, now: Date): boolean => validity.from <= now && now < validity.until;

/**
 * The one to show: the newest that every API server has had the time to trust; at the start, when nothing is known of the past, the
 * oldest that is trusted, since it was so for longest. `trustedFor` says for how long this process has known an authority to be trusted.
 */
export function toShow(
  generations: readonly Generation[],
  now: Date,
  trustedFor: (generation: Generation) => number | undefined,
  settle: number,
): Generation | undefined {
  const trusted = generations.filter((generation) => holds(generation, now) && trustedFor(generation) !== undefined);
  return trusted.findLast((generation) => (trustedFor(generation) ?? 0) >= settle) ?? trusted[0];
}

type Data = Readonly<Record<string, string>>;
const PARTS = { ca: 'ca.crt', cert: 'tls.crt', key: 'tls.key' } as const;

/** Generations as the data of a Secret: `1.ca.crt`, `1.tls.crt`, `1.tls.key`, and so on, the oldest first. */
export const toData = (generations: readonly Generation[]): Data =>
  Object.fromEntries(
    generations.flatMap((generation, at) =>
      Object.entries(PARTS).map(([part, name]) => {
        const pem = part === 'ca' ? generation.ca : part === 'cert' ? generation.cert : generation.key;
        return [`${at + 1}.${name}`, Buffer.from(pem).toString('base64')] as const;
      }),
    ),
  );

/** The generations in a Secret, oldest first. What is no certificate for these names, or has another key, is as good as none. */
export function fromData(data: Data, names: readonly string[]): readonly Generation[] {
  // By their numbers: whoever wrote them put the newest last, and clocks differ.
  const numbers = Object.keys(data)
    .flatMap((name) => /^(\d{1,3})\.tls\.crt$/.exec(name)?.[1] ?? [])
    .toSorted((a, b) => Number(a) - Number(b));
  const textOf = (number: string, name: string) => Buffer.from(data[`${number}.${name}`] ?? '', 'base64').toString('utf8');
  return numbers.flatMap((number) =>
    generationOf(textOf(number, PARTS.ca), { cert: textOf(number, PARTS.cert), key: textOf(number, PARTS.key) }, names),
  );
}

function generationOf(ca: string, { cert, key }: Identity, names: readonly string[]): readonly Generation[] {
  try {
    const leaf = new X509Certificate(cert);
    const fits = names.every((name) => leaf.checkHost(name) !== undefined) && leaf.checkPrivateKey(createPrivateKey(key));
    if (!fits || !leaf.verify(new X509Certificate(ca).publicKey) || !isServable({ cert, key })) return [];
    return [{ ca, cert, key, validity: { from: leaf.validFromDate, until: leaf.validToDate } }];
  } catch {
    return [];
  }
}
