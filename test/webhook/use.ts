import { api, controlPlane } from '../env/hooks.ts';
import { openWorld, type WebhookWorld } from './world.ts';

/** Gives the tests of the surrounding describe() one world of webhooks together. */
export function useWebhooks(): () => WebhookWorld {
  let world: WebhookWorld | undefined;
  before(async () => {
    world = await openWorld(controlPlane(), api());
  });
  after(async () => {
    await world?.close();
  });
  return () => {
    if (world === undefined) throw new Error('A world is there only while tests run');
    return world;
  };
}
