import { existsSync, readFileSync } from 'node:fs';
import { kinds, policies } from '../../api/kinds.ts';
import { NO_SETTINGS, controllers } from '../../controllers/rooms.ts';
import { REVIEW_RULES } from '../../controllers/runtime/authorization.ts';
import { issuingRules } from '../../controllers/runtime/serving-self.ts';
import { readingRules } from '../../controllers/runtime/webhook.ts';
import { webhooks } from '../../controllers/webhooks.ts';
import type { Sources } from './outputs.ts';

/** What this project's manifests are made from; paths are those from its root. */
export const projectSources: Sources = {
  kinds,
  policies,
  controllers: [
    ...controllers(NO_SETTINGS),
    { name: 'metrics', rbac: REVIEW_RULES },
    { name: 'webhook', rbac: [...readingRules(webhooks), ...issuingRules(webhooks.map(({ name }) => name))] },
  ],
  webhooks,
  existing: (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined),
};
