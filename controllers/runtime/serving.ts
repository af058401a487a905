import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Identity } from './certificates.ts';
import type { Logger } from './log.ts';
import type { Part } from './manager.ts';

/** The oldest TLS without known weaknesses, as everywhere in Kubernetes. */
export const TLS = { minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] } as const;

/** Whether TLS takes it: a short key or a weak signature makes a certificate that no server can show. */
export function isServable(identity: Identity): boolean {
  try {
    createSecureContext({ ...identity, ...TLS });
    return true;
  } catch {
    return false;
  }
}

/** Where the certificate that is served comes from. It runs as long as the server does. */
export interface ServingCertificate extends Part {
  /** The one to show now, once there is one. */
  readonly current: Identity | undefined;
  /** Calls back whenever there is another one to show. */
  readonly onChange: (callback: (identity: Identity) => void) => void;
}

/** What is shown, and who wants to know of the next. */
export interface Showcase extends Pick<ServingCertificate, 'current' | 'onChange'> {
  /** Shows this one from now on, unless it is the one that is shown. */
  show(identity: Identity): void;
}

/** A showcase with nothing in it. */
export function createShowcase(log: Logger): Showcase {
  const listeners: ((identity: Identity) => void)[] = [];
  let current: Identity | undefined;
  return {
    get current() {
      return current;
    },
    onChange: (callback) => void listeners.push(callback),
    show(identity) {
      if (identity.cert === current?.cert) return;
      current = identity;
      log.info('Serving a certificate', { until: new X509Certificate(identity.cert).validToDate.toISOString() });
      for (const listener of listeners) listener(identity);
    },
  };
}
