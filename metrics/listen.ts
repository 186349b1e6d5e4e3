import { chmod } from 'node:fs/promises';
import { createServer as createPlain } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { createServer as createSecure, Server as SecureServer } from 'node:https';
import { createSecureContext } from 'node:tls';
import { fail, messageOf } from '../src/base/errors.ts';

/** Where to listen. `port` 0: a free one. A socket is root's and its group's: 0660. */
export type ServerAddress = { readonly host: string; readonly port: number } | { readonly socket: string };

/** PEM texts. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
}

/** Begins to listen. Errors: `failed_precondition` when the address cannot be had or the certificate is none. */
export async function listen(
  address: ServerAddress,
  tls: TlsIdentity | undefined,
  onRequest: RequestListener,
): Promise<Server> {
  const where = 'socket' in address ? address.socket : `${address.host}:${address.port}`;
  const refused = (error: unknown, advice: string) =>
    fail('failed_precondition', `metrics on ${where}: ${messageOf(error)}; ${advice}`, error);
  const server = createServer(tls, onRequest, (error) =>
    refused(error, 'look at metrics.tls_cert_file and metrics.tls_key_file'),
  );
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (error) => reject(refused(error, 'choose another metrics.address')));
  if ('socket' in address) server.listen(address.socket, () => resolve());
  else server.listen(address.port, address.host, () => resolve());
  await promise;
  if ('socket' in address) await chmod(address.socket, 0o660);
  return server;
}

const protocol = { minVersion: 'TLSv1.2' } as const;

/**
 * From the next connection on. Errors: what OpenSSL says of a certificate that is none, or is not the key's; the server
 * goes on with what it has.
 */
export function renewIdentity(server: Server, tls: TlsIdentity): void {
  const secure = { ...tls, ...protocol };
  createSecureContext(secure);
  if (server instanceof SecureServer) server.setSecureContext(secure);
}

function createServer(
  tls: TlsIdentity | undefined,
  onRequest: RequestListener,
  refused: (error: unknown) => Error,
): Server {
  if (tls === undefined) return createPlain(onRequest);
  try {
    return createSecure({ ...tls, ...protocol }, onRequest);
  } catch (error) {
    throw refused(error);
  }
}
