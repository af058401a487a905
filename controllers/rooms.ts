import { clusterRegistrationController } from './clusterregistration/controller.ts';
import type { Configuration } from './configuration.ts';
import type { Controller } from './runtime/index.ts';

/** What a room may be told. */
export type Settings = Pick<Configuration, 'namespace' | 'realmSeed'>;

/** Every controller there is. A new room is one line here. */
export const controllers = (settings: Settings): readonly Controller[] => [clusterRegistrationController(settings)];

/** Settings for those who only want to know what the controllers are, such as the generators. */
export const NO_SETTINGS: Settings = { namespace: 'keystone-system', realmSeed: undefined };
