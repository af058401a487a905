import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep, type Clock } from './clock.ts';
import { describe } from './errors.ts';
import type { Logger } from './log.ts';
import { createShowcase, isServable, type ServingCertificate } from './serving.ts';

/** As often as controller-runtime looks; a kubelet takes a minute or two to bring a Secret up to date, so nobody waits for us. */
const LOOK_MS = 10_000;

/** Where the files are. */
export interface ServingFilesOptions {
  /** A folder with tls.crt and tls.key, such as a mounted Secret. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A certificate that somebody else makes and renews, read from files. While they are being replaced, the last good one is shown. */
export function servingFiles({ folder, clock, log }: ServingFilesOptions): ServingCertificate {
  const showcase = createShowcase(log);
  let said = '';
  /** Tells what is wrong with them, if anything is. */
  async function look(): Promise<string> {
    const [cert = '', key = ''] = await Promise.all(['tls.crt', 'tls.key'].map((name) => readFile(join(folder, name), 'utf8')));
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return 'tls.key is not the key of tls.crt';
    if (!isServable({ cert, key })) return 'TLS takes no such certificate: its key is too short, or its signature too weak';
    showcase.show({ cert, key });
    return '';
  }
  return {
    name: 'webhook-certificates',
    get current() {
      return showcase.current;
    },
    onChange: showcase.onChange,
    async run(signal) {
      while (!signal.aborted) {
        // What can't be read is not quoted: it may be the key.
        const trouble = await look().catch((error: unknown) =>
          isAboutFiles(error) ? describe(error) : 'tls.crt and tls.key are no certificate and its key, in PEM',
        );
        if (trouble !== '' && trouble !== said) log.warn('Could not read the certificate, trying again', { folder, cause: trouble });
        said = trouble;
        await sleep(clock, LOOK_MS, signal);
      }
    },
  };
}

const isAboutFiles = (error: unknown): boolean => error instanceof Error && 'syscall' in error;
