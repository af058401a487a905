import { existsSync, readFileSync } from 'node:fs';
import { kinds, policies } from '../../api/kinds.ts';
import { NO_SETTINGS, controllers } from '../../controllers/rooms.ts';
import { REVIEW_RULES } from '../../controllers/runtime/authorization.ts';
import type { Sources } from './outputs.ts';

/** What this project's manifests are made from; paths are those from its root. */
export const projectSources: Sources = {
  kinds,
  policies,
  controllers: [...controllers(NO_SETTINGS), { name: 'metrics', rbac: REVIEW_RULES }],
  // The admission server comes later; its declarations will stand beside its verdicts.
  webhooks: [],
  existing: (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined),
};
