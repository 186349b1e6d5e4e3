import { z } from 'zod';
import { parseDetachKeys } from '../../../sandbox/container/streams/detach-keys.ts';
import { integer, listenAddress, optionalPath } from '../values.ts';

export const streamingSection = z
  .strictObject({
    address: listenAddress()
      .default('127.0.0.1:0')
      .describe(
        'Where exec, attach and port-forward streams are served. Port 0: a free one. Whoever holds a URL needs nothing else: leave it on loopback unless TLS is set.',
      ),
    tlsCertFile: optionalPath()
      .default('')
      .describe('Certificate in PEM. Empty: no TLS. A file that is replaced is read again for the next URL.'),
    tlsKeyFile: optionalPath().default('').describe('Its key in PEM.'),
    maxSessions: integer(1, 100_000)
      .default(1000)
      .describe('Sessions that may be open at once. As many URLs may wait for their clients.'),
    idleTimeoutSeconds: integer(1, 1_000_000)
      .default(14_400)
      .describe('Seconds without a byte in either direction, pings included, after which a session ends.'),
    detachKeys: z
      .string()
      .refine(isDetachKeys, 'must be keys like "ctrl-p,ctrl-q": characters, and ctrl- with a letter or one of @[\\]^_')
      .default('ctrl-p,ctrl-q')
      .describe(
        'Keys that let a client go from a terminal, while the process lives on. Empty: none, as where programs want these keys.',
      ),
  })
  .refine(({ tlsCertFile, tlsKeyFile }) => (tlsCertFile === '') === (tlsKeyFile === ''), {
    error: 'must be given together with tls_cert_file, or neither',
    path: ['tlsKeyFile'],
  })
  .describe('Streams of exec, attach and port-forward.');

function isDetachKeys(text: string): boolean {
  try {
    parseDetachKeys(text);
    return true;
  } catch {
    return false;
  }
}
