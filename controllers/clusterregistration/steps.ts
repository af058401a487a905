import { Namespace, Node, PersistentVolume, Secret } from '../../api/meta/builtin.ts';
import type { ClusterRegistration, ClusterRegistrationReason } from '../../api/guildnet/v1alpha1/clusterregistration.ts';
import { TerminalError, done, expectCurrent, requeueAfter, waitFor, type Scope, type Step } from '../runtime/index.ts';
import { IDENTITY_SECRET, identityData, type Identity } from './identity.ts';
import { generateKeys } from './keys.ts';
import { decideIdentity } from './policy.ts';
import { renderIdentitySecret } from './render.ts';
import { retainedVolumes, type RetainedVolume } from './retained.ts';
import { surveyNodes, type Survey } from './survey.ts';

/** What one pass found out about this realm. */
export interface Facts {
  identity?: Identity;
  /** KEYSTONE_REALM, if it asks for another name than the realm has. */
  ignoredSeed?: string;
  version?: string;
  survey?: Survey;
  retained?: readonly RetainedVolume[];
}

/** What the room is told once, when the operator starts. */
export interface Settings {
  /** The operator's own namespace: the only one whose Secrets it reads. */
  readonly namespace: string;
  readonly realmSeed: string | undefined;
}

type LocalStep = Step<ClusterRegistration, Facts>;
type LocalScope = Scope<ClusterRegistration, Facts>;

/** The namespace whose uid names a cluster: it can't be deleted, so it lives as long as the cluster. */
export const CLUSTER_NAMESPACE = 'kube-system';
/** A cluster changes its version on upgrade only, and nothing announces it. */
const VERSION_EVERY_MS = 600_000;

/** Finds out who this realm is, or makes its identity where it never had one. */
export const establishIdentity =
  ({ namespace, realmSeed }: Settings): LocalStep =>
  async ({ object, facts, cache, client }) => {
    const clusterID = cache.get(Namespace, { namespace: '', name: CLUSTER_NAMESPACE })?.metadata.uid;
    if (clusterID === undefined)
      return waitFor('Progressing', `Waiting for the namespace ${CLUSTER_NAMESPACE}, whose uid names this cluster`);
    const secret = cache.get(Secret, { namespace, name: IDENTITY_SECRET });
    const published = object.status ?? {};
    const known = { published, clusterID, realmSeed, secretName: `${namespace}/${IDENTITY_SECRET}` };
    let decision = decideIdentity({ ...known, secret });
    if (decision.kind === 'create') {
      const data = identityData(generateKeys(), decision.realm, clusterID);
      // Created, not applied: one that another replica or an earlier life made first is a conflict, and is read in the next pass.
      const created = await client.create(Secret, renderIdentitySecret(namespace, data), { outlives: true });
      decision = decideIdentity({ ...known, secret: created });
    }
    if (decision.kind !== 'hold')
      throw decision.kind === 'refuse' ? new TerminalError(decision.reason, decision.message) : new Error('A new identity reads as none');
    if (secret !== undefined) await confirmFirst({ object, client }, secret);
    facts.identity = decision.identity;
    if (realmSeed !== undefined && realmSeed !== decision.identity.realm) facts.ignoredSeed = realmSeed;
    return done;
  };

/** What is made known once can't be taken back: of a Secret that only the cache still shows, nobody holds the keys any more. */
async function confirmFirst({ object, client }: Pick<LocalScope, 'object' | 'client'>, secret: Secret): Promise<void> {
  if (object.status?.publicKeyFingerprint === undefined) await expectCurrent(client, Secret, secret);
}

/** Asks the API server for its version, at most every ten minutes: nodes report far more often. */
export function versionStep(): LocalStep {
  let asked = { at: -Infinity, version: '' };
  return async ({ facts, client, now }) => {
    if (now.getTime() - asked.at >= VERSION_EVERY_MS) asked = { at: now.getTime(), version: versionIn(await client.inquire('/version')) };
    if (asked.version !== '') facts.version = asked.version;
    return requeueAfter(VERSION_EVERY_MS);
  };
}

const versionIn = (answer: unknown): string =>
  typeof answer === 'object' && answer !== null && 'gitVersion' in answer && typeof answer.gitVersion === 'string' ? answer.gitVersion : '';

/** Counts the nodes and what they can carry. */
export const countNodes: LocalStep = async ({ facts, cache }) => {
  facts.survey = surveyNodes(cache.list(Node));
};

/** Lists what was kept of the data of guests whose Grants have ended. */
export const listRetained: LocalStep = async ({ facts, cache }) => {
  facts.retained = retainedVolumes(cache.list(PersistentVolume));
};

/** A source that the schema refuses today may still have been stored by an older or newer version. */
export const refuseSource: LocalStep = async ({ object }) => {
  const [source = 'none'] = Object.keys(object.spec.source);
  throw new TerminalError(
    'SourceNotServed' satisfies ClusterRegistrationReason,
    `This version serves only spec.source.local, not ${source}: delete this registration, or upgrade the operator`,
  );
};
