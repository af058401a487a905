import { ClusterRegistration } from '../../api/guildnet/v1alpha1/clusterregistration.ts';
import { RETAINED_FROM } from '../../api/keystone/v1alpha1/grant.retention.ts';
import { Namespace, Node, PersistentVolume, Secret } from '../../api/meta/builtin.ts';
import { allow, anyOf, defineController, deletionStarted, generationChanged, mapTo } from '../runtime/index.ts';
import { IDENTITY_SECRET } from './identity.ts';
import { localStatus } from './status.ts';
import {
  CLUSTER_NAMESPACE,
  countNodes,
  establishIdentity,
  listRetained,
  refuseSource,
  versionStep,
  type Facts,
  type Settings,
} from './steps.ts';

/** The one registration that is this realm itself. */
const LOCAL = 'local';
const concernsLocal = () => [LOCAL];
const named = (name: string) => `metadata.name=${name}`;

/** A ClusterRegistration tells who a realm is; `local` is this one, and exists wherever the operator runs. */
export function clusterRegistrationController(settings: Settings) {
  // What is counted first needs no identity: where that is lost, Grants still know what the nodes can carry.
  const local = [countNodes, listRetained, establishIdentity(settings), versionStep()];
  return defineController<ClusterRegistration, Facts>({
    name: 'clusterregistration',
    for: ClusterRegistration,
    when: anyOf(generationChanged, deletionStarted),
    watches: [
      mapTo(Secret, concernsLocal, { namespace: settings.namespace, fields: named(IDENTITY_SECRET) }),
      mapTo(Namespace, concernsLocal, { fields: named(CLUSTER_NAMESPACE), metadataOnly: true }),
      mapTo(Node, concernsLocal),
      mapTo(PersistentVolume, concernsLocal, { labels: RETAINED_FROM }),
    ],
    rbac: [
      // A name can't narrow `create`: the object has none yet when the API server decides.
      allow('', ['secrets'], ['create'], { namespace: 'operator' }),
      allow('', ['secrets'], ['get'], { namespace: 'operator', resourceNames: [IDENTITY_SECRET] }),
    ],
    seeds: [{ metadata: { name: LOCAL }, spec: { source: { local: {} } } }],
    facts: () => ({}),
    plan: ({ spec }) => (spec.source.local === undefined ? [refuseSource] : local),
    status: localStatus,
  });
}
