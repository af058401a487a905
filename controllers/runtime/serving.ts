import type { Identity } from './certificates.ts';
import type { Part } from './manager.ts';

/** Where the certificate that is served comes from. It runs as long as the server does. */
export interface ServingCertificate extends Part {
  /** The one to show now, once there is one. */
  readonly current: Identity | undefined;
  /** Calls back whenever there is another one to show. */
  onChange(callback: (identity: Identity) => void): void;
}
