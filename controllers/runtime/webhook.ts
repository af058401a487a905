import type { K8sObject, Resource } from '../../api/meta/object.ts';
import type { Review, Verdict, WebhookDeclaration } from '../../api/meta/webhook.ts';
import { createReader, type Caches, type Reader } from './caches.ts';
import type { Selection } from './informer.ts';
import { READ, allow, type PolicyRule } from './rbac.ts';
import { nameOf, type ObjectKey } from './resource.ts';

/** What a verdict may look at. Nothing can be written: a review may be a rehearsal, and comes again if it is not. */
export interface Sight {
  readonly cache: Reader;
  /** One object as it is now, for where a cache may be too old to say no; undefined if there is none. Rejects after a second. */
  readonly read: <T extends K8sObject>(resource: Resource<T>, key: ObjectKey) => Promise<T | undefined>;
}

/** One webhook: what the API server has to know of it, what it looks at, and how it judges. */
export interface Webhook extends WebhookDeclaration {
  readonly reads: readonly { readonly resource: Resource; readonly selection: Selection }[];
  judge(review: Review, sight: Sight): Verdict | Promise<Verdict>;
}

/** What webhooks need to look at what they look at, and to know whether they are registered. */
export const readingRules = (webhooks: readonly Webhook[]): readonly PolicyRule[] => [
  ...webhooks.flatMap(({ reads }) => reads.map(({ resource: { group, plural } }) => allow(group, [plural], READ))),
  allow('admissionregistration.k8s.io', ['validatingwebhookconfigurations'], READ, { resourceNames: webhooks.map(({ name }) => name) }),
];

/** A webhook's own view on the caches, which from now on hold what it reads. */
export const readerFor = ({ reads }: Webhook, caches: Caches): Reader =>
  createReader(new Map(reads.map(({ resource, selection }) => [nameOf(resource), caches.informer(resource, selection)])));
