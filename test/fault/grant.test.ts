import { api, controlPlane } from '../env/hooks.ts';
import { installOperator } from '../env/operator.ts';
import { carry, foundRealm } from '../grant/realm.ts';
import {
  comesTooLate,
  dataOutlives,
  expires,
  findsNoRoom,
  guestKeepsData,
  isDeleted,
  isRevoked,
  lends,
  lendsForAWhile,
  makesRoomFor,
  nodesCarry,
  willLend,
} from './grant-steps.ts';
import { openGrants, ROOM, type GrantStage } from './grants.ts';
import { tellAll } from './matrix.ts';
import type { Scenario } from './scenario.ts';

const SCENARIOS: readonly Scenario<GrantStage>[] = [
  {
    name: 'a Grant lives',
    story: [lends('1'), guestKeepsData, lends('2'), lends('500m'), isRevoked('500m'), dataOutlives, lends('500m'), isDeleted(), lends('1')],
  },
  {
    name: 'a Grant shrinks',
    story: [lends('4'), lends('2'), lends('1'), lends('500m'), lends('2')],
  },
  {
    name: 'a Grant expires',
    story: [lendsForAWhile('1'), expires(), lends('2'), isDeleted()],
  },
  {
    name: 'two Grants race for the last room',
    story: [willLend('5', 'late'), lends('5', 'early'), comesTooLate('late'), makesRoomFor('late', '5', 'early')],
  },
  {
    name: 'two Grants grow into the last room',
    story: [lends('3', 'older'), lends('3', 'newer'), lends('5', 'older'), findsNoRoom('5', 'newer'), makesRoomFor('newer', '5', 'older')],
  },
  {
    name: 'nodes are lost',
    story: [nodesCarry('8'), lends('3', 'first'), nodesCarry('4'), findsNoRoom('3', 'second'), nodesCarry('8', lends('3', 'second'))],
    alone: true,
    under: /^an old world/,
  },
];

describe('what becomes of a Grant, whatever happens (checklist 16)', () => {
  let kubeconfig = '';
  const prepare = async (): Promise<void> => {
    ({ kubeconfig } = await installOperator(controlPlane()));
    await foundRealm(api());
    await carry(api(), ROOM);
  };
  after(async () => void (await api().call('DELETE', '/apis/guildnet.io/v1alpha1/clusterregistrations/local')));
  tellAll({ prepare, open: () => openGrants(kubeconfig), lanes: 10, shard: 6 }, SCENARIOS);
});
