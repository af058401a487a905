import { clusterRegistrationController } from './clusterregistration/controller.ts';
import { grantController } from './grant/controller.ts';
import type { Configuration } from './configuration.ts';
import type { Controller } from './runtime/index.ts';

/** What a room may be told. */
export type Settings = Pick<Configuration, 'namespace' | 'realmSeed' | 'grantNamespaces' | 'capacityReserve'>;

/** Every controller there is. A new room is one line here. */
export const controllers = (settings: Settings): readonly Controller[] => [
  clusterRegistrationController(settings),
  grantController(settings),
];

/** Settings for those who only want to know what the controllers are, such as the generators. */
export const NO_SETTINGS: Settings = {
  namespace: 'keystone-system',
  realmSeed: undefined,
  grantNamespaces: ['keystone-system'],
  capacityReserve: 0,
};
