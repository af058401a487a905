import { member, text } from '../../api/meta/untrusted.ts';
import type { Review, Verdict } from '../../api/meta/webhook.ts';
import { clip } from './errors.ts';
import { MalformedError } from './webhook-json.ts';

const API_VERSION = 'admission.k8s.io/v1';
const KIND = 'AdmissionReview';
/** A uid has 36 characters; what is echoed must not be worth sending. */
const LONGEST_UID = 256;

/** The review in a body that was read; throws a MalformedError where there is none that could be answered. */
export function reviewIn(body: unknown): Review {
  if (text(member(body, 'apiVersion')) !== API_VERSION || text(member(body, 'kind')) !== KIND)
    throw new MalformedError(`The body is no ${KIND} of ${API_VERSION}`);
  const request = member(body, 'request');
  const uid = text(member(request, 'uid'));
  if (uid === '' || uid.length > LONGEST_UID)
    throw new MalformedError(`The review has no request.uid of at most ${LONGEST_UID} characters`);
  const resource = member(request, 'resource');
  return {
    uid,
    operation: text(member(request, 'operation')),
    group: text(member(resource, 'group')),
    resource: text(member(resource, 'resource')),
    subResource: text(member(request, 'subResource')),
    namespace: text(member(request, 'namespace')),
    name: text(member(request, 'name')),
    // Who says anything but no may mean yes.
    dryRun: (member(request, 'dryRun') ?? false) !== false,
    object: member(request, 'object'),
    oldObject: member(request, 'oldObject'),
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
