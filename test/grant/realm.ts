import type { Api } from '../env/api.ts';
import { eventually } from '../env/eventually.ts';
import { api } from '../env/hooks.ts';
import { ok } from '../env/api.ts';

const REGISTRATIONS = '/apis/guildnet.io/v1alpha1/clusterregistrations';
const LOCAL = `${REGISTRATIONS}/local`;
const MERGE = { contentType: 'application/merge-patch+json' };

/** Makes the cluster the realm alice-home, as its own controller would. */
export async function foundRealm(to: Api): Promise<void> {
  const body = {
    apiVersion: 'guildnet.io/v1alpha1',
    kind: 'ClusterRegistration',
    metadata: { name: 'local' },
    spec: { source: { local: {} } },
  };
  // A CRD that was just made is not served at once.
  await eventually(async () => void ok(await to.call('POST', REGISTRATIONS, { body })));
}

/** Says what the nodes of the realm can carry. */
export async function carry(to: Api, allocatable: Readonly<Record<string, string>>): Promise<void> {
  const status = { realm: 'alice-home', observedGeneration: 1, allocatable };
  ok(await to.call('PATCH', `${LOCAL}/status`, { ...MERGE, body: { status: { allocatable: null } } }));
  ok(await to.call('PATCH', `${LOCAL}/status`, { ...MERGE, body: { status } }));
}

/** Gives every test of the surrounding describe() such a realm. */
export function useRealm(allocatable: Readonly<Record<string, string>>): void {
  beforeEach(async () => {
    await foundRealm(api());
    await carry(api(), allocatable);
  });
  afterEach(async () => void (await api().call('DELETE', LOCAL)));
}
