import { ValidatingWebhookConfiguration } from '../../api/meta/builtin.ts';
import type { Caches } from './caches.ts';
import type { Client } from './client.ts';

/** What the API server knows of our webhooks, by the local copy. */
export interface Registrations {
  /** The names of those that are not registered. */
  missing(): readonly string[];
  /** Whom the API server trusts to answer, for each that is registered; empty text where that is nobody. */
  bundles(): readonly string[];
  /** Whether every one that is registered trusts this authority. */
  readonly trusts: (ca: string) => boolean;
  onChange(callback: () => void): void;
}

/** The registrations of these webhooks, each an object of its own under the webhook's name. */
export function registrationsOf(names: readonly string[], caches: Caches): Registrations {
  const informers = names.map((name) => ({ name, informer: caches.informer(ValidatingWebhookConfiguration, selectionOf(name)) }));
  const configurations = () => informers.flatMap(({ informer }) => informer.list().map((object): ValidatingWebhookConfiguration => object));
  const bundles = () => configurations().map(bundleOf);
  return {
    missing: () => informers.filter(({ informer }) => informer.size === 0).map(({ name }) => name),
    bundles,
    trusts: (ca) => bundles().length > 0 && bundles().every((bundle) => bundle.includes(ca.trim())),
    onChange: (callback) => informers.forEach(({ informer }) => informer.subscribe(callback)),
  };
}

/** One object by its name: also what the permission is narrowed to. */
export const selectionOf = (name: string): { readonly fields: string } => ({ fields: `metadata.name=${name}` });

/** Reads them past the cache. */
export async function readRegistrations(client: Client, names: readonly string[]): Promise<readonly ValidatingWebhookConfiguration[]> {
  const found = await Promise.all(names.map((name) => client.read(ValidatingWebhookConfiguration, { namespace: '', name })));
  return found.filter((configuration) => configuration !== undefined);
}

/** Makes a configuration trust these authorities, if it is still the one that was read and does not already. */
export async function publish(client: Client, configuration: ValidatingWebhookConfiguration, bundle: string): Promise<void> {
  if (bundleOf(configuration) === bundle) return;
  const caBundle = Buffer.from(bundle).toString('base64');
  const webhooks = (configuration.webhooks ?? []).map((webhook) => ({ ...webhook, clientConfig: { ...webhook.clientConfig, caBundle } }));
  await client.replace(ValidatingWebhookConfiguration, { ...configuration, webhooks });
}

/** Several that differ count as nobody: they are made the same again. */
function bundleOf({ webhooks = [] }: ValidatingWebhookConfiguration): string {
  const [first = '', ...others] = webhooks.map(({ clientConfig }) => clientConfig.caBundle ?? '');
  return others.every((other) => other === first) ? Buffer.from(first, 'base64').toString('utf8') : '';
}
