import type { ClusterRegistration } from '../../api/guildnet/v1alpha1/clusterregistration.ts';
import { defineStatus, type Verdict } from '../runtime/conditions.ts';
import type { Facts } from './steps.ts';

/** Ready says that this realm's identity is in force. What was shown before stays until something newer is known. */
export const localStatus = defineStatus<ClusterRegistration, Facts>((facts, { object, halt }) => {
  const { identity, ignoredSeed, survey } = facts;
  const fields = fieldsOf(facts, object.status);
  if (identity === undefined) {
    const { kind, reason, message } = halt ?? { kind: 'waiting', reason: 'Progressing', message: 'The identity is being looked up' };
    const missing: Verdict = { status: kind === 'terminal' ? 'False' : 'Unknown', reason, message };
    return { ...fields, ready: missing, also: { IdentityEstablished: missing } };
  }
  const counted = survey === undefined ? '' : `, ${survey.ready} of ${survey.nodes} nodes are ready`;
  const seed = ignoredSeed === undefined ? '' : `; KEYSTONE_REALM=${ignoredSeed} is ignored, since the name was fixed at the first start`;
  return {
    ...fields,
    ready: { status: 'True', reason: 'Registered', message: `Realm ${identity.realm} is established${counted}${seed}` },
    also: {
      IdentityEstablished: {
        status: 'True',
        reason: 'IdentityEstablished',
        message: `This realm is known by ${identity.publicKeyFingerprint}`,
      },
    },
  };
});

/** What is shown: what this pass found, and for the rest what was shown before. */
function fieldsOf({ identity, version, survey, retained }: Facts, status: ClusterRegistration['status']) {
  // Carried over even when the Secret is gone: the published fingerprint is what forbids a silent new identity.
  const { conditions: _, observedGeneration: __, retained: before = [], ...known } = status ?? {};
  const nodes = survey && { nodes: survey.ready, allocatable: survey.allocatable, summary: { nodes: `${survey.ready}/${survey.nodes}` } };
  const kept = retained ?? before;
  return {
    ...known,
    ...identity,
    ...(version === undefined ? {} : { version }),
    ...nodes,
    ...(kept.length === 0 ? {} : { retained: kept }),
  };
}
