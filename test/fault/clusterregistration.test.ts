import { controlPlane } from '../env/hooks.ts';
import { installOperator } from '../env/operator.ts';
import { tellAll } from './matrix.ts';
import {
  beginsAnew,
  isFounded,
  keysAreLost,
  nodeJoins,
  nodeLeaves,
  openRealm,
  registrationIsDeleted,
  type RealmStage,
} from './registrations.ts';
import type { Scenario } from './scenario.ts';

const SCENARIOS: readonly Scenario<RealmStage>[] = [
  {
    name: 'a realm is founded',
    story: [isFounded, registrationIsDeleted, keysAreLost, beginsAnew],
  },
  {
    name: 'a node comes and goes',
    story: [isFounded, nodeJoins, nodeLeaves],
  },
];

describe('what becomes of a realm, whatever happens (checklist 16)', () => {
  let kubeconfig = '';
  const prepare = async (): Promise<void> => void ({ kubeconfig } = await installOperator(controlPlane()));
  tellAll({ prepare, open: () => openRealm(kubeconfig), lanes: 1, shard: 2 }, SCENARIOS);
});
