import { createHash } from 'node:crypto';
import type { Clock } from './clock.ts';
import { allow, type PolicyRule } from './rbac.ts';
import type { Transport } from './transport.ts';

/** Whether a bearer of a token may do something; told by the API server. */
export type Permission = 'allowed' | 'unknown' | 'forbidden';

/** What asking costs in permissions. */
export const REVIEW_RULES: readonly PolicyRule[] = [
  allow('authentication.k8s.io', ['tokenreviews'], ['create']),
  allow('authorization.k8s.io', ['subjectaccessreviews'], ['create']),
];

/** A scrape comes every few seconds, and a token lives for an hour: a minute spares most questions. A refusal is soon mended. */
const ALLOWED_MS = 60_000;
const REFUSED_MS = 5_000;
/** Whoever guesses tokens must not fill our memory: a handful of scrapers exist. */
const LARGEST = 64;

/** Asks the API server who the bearer is and whether they may read a path of ours; remembers the answer for a while. */
export function createGatekeeper(transport: Transport, clock: Clock): (token: string, path: string) => Promise<Permission> {
  const answers = new Map<string, { readonly permission: Permission; readonly until: number }>();
  return async (token, path) => {
    // The token itself is not kept.
    const id = createHash('sha256').update(`${path} ${token}`).digest('base64');
    const known = answers.get(id);
    if (known !== undefined && known.until > clock.now()) return known.permission;
    const permission = await ask(transport, token, path);
    if (answers.size >= LARGEST) answers.clear();
    answers.set(id, { permission, until: clock.now() + (permission === 'allowed' ? ALLOWED_MS : REFUSED_MS) });
    return permission;
  };
}

interface TokenReview {
  readonly status?: {
    readonly authenticated?: boolean;
    readonly user?: { readonly username?: string; readonly uid?: string; readonly groups?: readonly string[]; readonly extra?: object };
  };
}
interface AccessReview {
  readonly status?: { readonly allowed?: boolean };
}

async function ask(transport: Transport, token: string, path: string): Promise<Permission> {
  const who = await review<TokenReview>(transport, 'authentication.k8s.io/v1', 'TokenReview', { token });
  if (who.status?.authenticated !== true) return 'unknown';
  const { username: user, uid, groups, extra } = who.status.user ?? {};
  const spec = { user, uid, groups, extra, nonResourceAttributes: { path, verb: 'get' } };
  const may = await review<AccessReview>(transport, 'authorization.k8s.io/v1', 'SubjectAccessReview', spec);
  return may.status?.allowed === true ? 'allowed' : 'forbidden';
}

async function review<T>(transport: Transport, apiVersion: string, kind: string, spec: object): Promise<T> {
  const answer = await transport.request({
    method: 'POST',
    path: `/apis/${apiVersion}/${kind.toLowerCase()}s`,
    body: { apiVersion, kind, spec },
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every field is optional and looked at before it is believed
  return answer as T;
}
