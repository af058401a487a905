import { quotaWebhook } from './grant/admission.ts';
import type { Webhook } from './runtime/webhook.ts';

/** Every webhook there is. A new one is one line here; its registration and the operator's rights follow from it. */
export const webhooks: readonly Webhook[] = [quotaWebhook];
