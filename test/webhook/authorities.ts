import { X509Certificate } from 'node:crypto';
import { ok } from '../env/api.ts';
import { api } from '../env/hooks.ts';

const CONFIGURATION = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/quota.keystone.io';

/** Renewed after 20 s, shown two and a half later, over after 30: a busy machine has that long to hear of an authority. */
export const SHORT_LIVED = ['--webhook-cert-lifetime=30s'];

/** The authorities that the API server trusts, as PEM. */
export async function bundle(): Promise<readonly string[]> {
  const { webhooks } = ok<{ webhooks: [{ clientConfig: { caBundle?: string } }] }>(await api().call('GET', CONFIGURATION));
  return Buffer.from(webhooks[0].clientConfig.caBundle ?? '', 'base64')
    .toString()
    .split(/(?<=-----END CERTIFICATE-----\n)/)
    .filter((pem) => pem !== '');
}

/** Their numbers. */
export const authorities = async (): Promise<readonly string[]> => (await bundle()).map((pem) => new X509Certificate(pem).serialNumber);
