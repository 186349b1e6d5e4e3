import { z } from 'zod';
import { absolutePath, integer, registryHost } from '../values.ts';

export const imagesSection = z
  .strictObject({
    certsDir: absolutePath()
      .default('/etc/cricket/certs.d')
      .describe('Directory with HOST/hosts.toml: mirrors and certificates of registries.'),
    authFile: absolutePath()
      .default('/etc/cricket/auth.json')
      .describe('Credentials for registries, in the form of ~/.docker/config.json. It need not exist.'),
    plainHttp: z
      .array(registryHost())
      .default([])
      .describe('Registries spoken to without TLS. Loopback addresses need not be named.'),
    maxParallelPulls: integer(1, 64).default(3).describe('Layers fetched at the same time, over all pulls.'),
    pullProgressTimeoutSeconds: integer(1, 3600)
      .default(60)
      .describe('Seconds without a byte after which a download is given up and tried again.'),
    pinned: z
      .array(z.string().min(1))
      .default([])
      .describe('References of images that the kubelet is told never to collect. "*" at the end matches any rest.'),
  })
  .describe('Images and registries.');
