import { readFile, stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { fail, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Errors: `failed_precondition` when the files cannot be read, or do not belong together. */
export async function readCertificate({ certFile, keyFile }: CertificateFiles): Promise<Certificate> {
  try {
    const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
    createSecureContext({ cert, key });
    return { cert, key };
  } catch (error) {
    const what = `streaming certificate ${certFile} with key ${keyFile}: ${messageOf(error)}`;
    throw fail('failed_precondition', `${what}; give a PEM certificate and its key`, error);
  }
}

/**
 * Tells of a certificate that was replaced on the disk. Asked whenever a URL is issued: a client comes right after, and
 * nothing has to be watched. One that cannot be used is logged, and the old one stays.
 */
export class CertificateReload {
  readonly #files: CertificateFiles;
  readonly #use: (certificate: Certificate) => void;
  readonly #log: Logger;
  #seen: string;

  constructor(files: CertificateFiles, seen: string, use: (certificate: Certificate) => void, log: Logger) {
    this.#files = files;
    this.#seen = seen;
    this.#use = use;
    this.#log = log;
  }

  async check(): Promise<void> {
    const now = await fingerprint(this.#files);
    if (now === this.#seen) return;
    this.#seen = now;
    try {
      this.#use(await readCertificate(this.#files));
      this.#log.info({ certificate: this.#files.certFile }, 'streaming certificate read again');
    } catch (error) {
      this.#log.error({ error: messageOf(error) }, 'the new streaming certificate is not used; the old one stays');
    }
  }
}

/** Changes when either file does. */
export async function fingerprint({ certFile, keyFile }: CertificateFiles): Promise<string> {
  const states = [certFile, keyFile].map(async (file) => {
    const found = await stat(file, { bigint: true }).catch(() => undefined);
    return found === undefined ? 'missing' : `${found.dev}:${found.ino}:${found.mtimeNs}:${found.size}`;
  });
  return (await Promise.all(states)).join(' ');
}
