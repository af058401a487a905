import type { Review, Verdict } from '../../api/meta/webhook.ts';
import { MalformedError } from './webhook-json.ts';

const API_VERSION = 'admission.k8s.io/v1';
const KIND = 'AdmissionReview';
/** A uid has 36 characters; what is echoed must not be worth sending. */
const LONGEST_UID = 256;

/** The review in a body that was read; throws a MalformedError where there is none that could be answered. */
export function reviewIn(body: unknown): Review {
  if (textAt(body, 'apiVersion') !== API_VERSION || textAt(body, 'kind') !== KIND)
    throw new MalformedError(`The body is no ${KIND} of ${API_VERSION}`);
  const request = at(body, 'request');
  const uid = textAt(request, 'uid');
  if (uid === '' || uid.length > LONGEST_UID)
    throw new MalformedError(`The review has no request.uid of at most ${LONGEST_UID} characters`);
  const resource = at(request, 'resource');
  return {
    uid,
    operation: textAt(request, 'operation'),
    group: textAt(resource, 'group'),
    resource: textAt(resource, 'resource'),
    subResource: textAt(request, 'subResource'),
    namespace: textAt(request, 'namespace'),
    name: textAt(request, 'name'),
    // Who says anything but no may mean yes.
    dryRun: (at(request, 'dryRun') ?? false) !== false,
    object: at(request, 'object'),
    oldObject: at(request, 'oldObject'),
  };
}

/** Longer ones are cut by the API server, which may lose the half that matters. */
const LONGEST_WARNING = 256;
/** All of them may have 4096 characters. */
const MOST_WARNINGS = 16;
/** A status with its message travels in one answer: more than this nobody reads. */
const LONGEST_MESSAGE = 4096;
const MOST_CAUSES = 64;

/** The answer to a review, as the API server reads it. */
export function answerTo({ uid, group, resource, name }: Review, verdict: Verdict): object {
  const warnings = (verdict.warnings ?? []).slice(0, MOST_WARNINGS).map((warning) => clip(warning, LONGEST_WARNING));
  const response = { uid, allowed: verdict.allowed, ...(warnings.length === 0 ? {} : { warnings }) };
  if (verdict.allowed) return { apiVersion: API_VERSION, kind: KIND, response };
  const { code, reason, message, causes } = verdict;
  const details = {
    ...(name === '' ? {} : { name }),
    ...(group === '' ? {} : { group }),
    kind: resource,
    causes: causes.slice(0, MOST_CAUSES).map((cause) => ({ ...cause, message: clip(cause.message, LONGEST_MESSAGE) })),
  };
  const status = { metadata: {}, status: 'Failure', code, reason, message: clip(message, LONGEST_MESSAGE), details };
  return { apiVersion: API_VERSION, kind: KIND, response: { ...response, status } };
}

/** Never in the middle of a character. */
const clip = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;

/** A member that is the object's own: a prototype lends nothing. */
function at(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

function textAt(value: unknown, name: string): string {
  const found = at(value, name);
  return typeof found === 'string' ? found : '';
}
