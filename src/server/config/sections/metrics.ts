import { z } from 'zod';
import { optionalPath, serverAddress } from '../values.ts';

export const metricsSection = z
  .strictObject({
    address: serverAddress()
      .default('127.0.0.1:9464')
      .describe(
        'Where /metrics, /healthz, /readyz and the status page are served: an address, or a socket such as "unix:///run/cricket/metrics.sock". Empty: nowhere.',
      ),
    tlsCertFile: optionalPath()
      .default('')
      .describe(
        'Certificate chain (PEM) to serve them with by TLS, read again when it is replaced. Empty: plain HTTP.',
      ),
    tlsKeyFile: optionalPath().default('').describe('Private key (PEM) of that certificate.'),
    tokenFile: optionalPath()
      .default('')
      .describe(
        'File with the bearer token that all but /healthz and /readyz ask for, read again when it is replaced. Empty: they ask for none.',
      ),
  })
  .refine(({ tlsCertFile, tlsKeyFile }) => (tlsCertFile === '') === (tlsKeyFile === ''), {
    error: 'must be given together with tls_cert_file',
    path: ['tlsKeyFile'],
  })
  .describe('Metrics and health.');
