import { createHash } from 'node:crypto';
import type { Clock } from './clock.ts';
import { createDeadline } from './deadline.ts';
import { allow, type PolicyRule } from './rbac.ts';
import type { Transport } from './transport.ts';

/** Whether a bearer of a token may do something; told by the API server, unless too many want to know at once. */
export type Permission = 'allowed' | 'unknown' | 'forbidden' | 'busy';

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
/** Nor take the connections of those who work: a quarter of them is enough for scrapers. */
const MOST_ASKED = 4;
/** Prometheus' own patience. */
const ASK_MS = 10_000;

interface Known {
  readonly permission: Permission;
  readonly until: number;
}

/** Asks the API server who the bearer is and whether they may read a path of ours; remembers the answer for a while. Rejects if it can't be asked. */
export function createGatekeeper(transport: Transport, clock: Clock): (token: string, path: string) => Promise<Permission> {
  const answers = new Map<string, Known>();
  const asked = new Map<string, Promise<Permission>>();
  const learn = async (id: string, token: string, path: string): Promise<Permission> => {
    using deadline = createDeadline(clock, ASK_MS);
    const permission = await ask(transport, token, path, deadline.signal);
    makeRoom(answers, clock.now());
    answers.set(id, { permission, until: clock.now() + (permission === 'allowed' ? ALLOWED_MS : REFUSED_MS) });
    return permission;
  };
  return async (token, path) => {
    // The token itself is not kept.
    const id = createHash('sha256').update(`${path} ${token}`).digest('base64');
    const known = answers.get(id);
    if (known !== undefined && known.until > clock.now()) return known.permission;
    const present = asked.get(id);
    if (present !== undefined) return present;
    if (asked.size >= MOST_ASKED) return 'busy';
    const question = learn(id, token, path).finally(() => asked.delete(id));
    asked.set(id, question);
    return question;
  };
}

/** Refusals go first: strangers must not make us forget whom we know. */
function makeRoom(answers: Map<string, Known>, now: number): void {
  if (answers.size < LARGEST) return;
  for (const [id, { permission, until }] of answers) if (permission !== 'allowed' || until <= now) answers.delete(id);
  if (answers.size >= LARGEST) answers.clear();
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

async function ask(transport: Transport, token: string, path: string, signal: AbortSignal): Promise<Permission> {
  const review = reviewer(transport, signal);
  const who = await review<TokenReview>('authentication.k8s.io/v1', 'TokenReview', { token });
  if (who.status?.authenticated !== true) return 'unknown';
  const { username: user, uid, groups, extra } = who.status.user ?? {};
  const spec = { user, uid, groups, extra, nonResourceAttributes: { path, verb: 'get' } };
  const may = await review<AccessReview>('authorization.k8s.io/v1', 'SubjectAccessReview', spec);
  return may.status?.allowed === true ? 'allowed' : 'forbidden';
}

const reviewer =
  (transport: Transport, signal: AbortSignal) =>
  async <T>(apiVersion: string, kind: string, spec: object): Promise<T> => {
    const path = `/apis/${apiVersion}/${kind.toLowerCase()}s`;
    const answer = await transport.request({ method: 'POST', path, body: { apiVersion, kind, spec } }, signal);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every field is optional and looked at before it is believed
    return answer as T;
  };
