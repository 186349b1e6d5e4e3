import { z } from 'zod';
import { absolutePath, integer, optionalPath, registryHost } from '../values.ts';

const matchGrammar = /^(\*|[a-z0-9.-]+(:[0-9]{1,5})?(\/[a-z0-9._-]+)*)$/;

const verification = z
  .strictObject({
    policy: z
      .enum(['accept', 'reject', 'signed', 'program'])
      .describe('signed: a signature by one of "keys", as cosign makes it. program: "program" decides.'),
    keys: z.array(absolutePath()).default([]).describe('Files with public keys in PEM form; read for each pull.'),
    program: optionalPath()
      .default('')
      .describe("Called as containerd's image verifiers are; exit code 0 lets the image in."),
    timeoutSeconds: integer(1, 600)
      .default(10)
      .describe('Seconds that the program may take; then the image is refused.'),
  })
  .refine(({ policy, keys }) => policy !== 'signed' || keys.length > 0, {
    error: 'must name at least one key for the policy "signed"',
    path: ['keys'],
  })
  .refine(({ policy, program }) => policy !== 'program' || program !== '', {
    error: 'must be set for the policy "program"',
    path: ['program'],
  })
  .describe('What decides over the images of one registry or repository.');

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
    annotations: z
      .array(z.enum(['cricket/platform']))
      .default([])
      .describe('Annotations by which pods may change their pulls, such as cricket/platform = linux/arm64.'),
    searchRegistries: z
      .array(registryHost())
      .min(1)
      .default(['docker.io'])
      .describe('Registries in which names without a registry, such as "busybox", are looked for, in this order.'),
    maxParallelPulls: integer(1, 64).default(3).describe('Layers fetched at the same time, over all pulls.'),
    maxParallelUnpacks: integer(0, 64)
      .default(0)
      .describe('Layers unpacked at the same time, over all pulls, 2 at least. 0: as many as there are processors.'),
    maxLayerGib: integer(1, 16384).default(256).describe('Largest layer that is unpacked, in GiB of its files.'),
    maxLayerEntries: integer(1000, 100_000_000)
      .default(5_000_000)
      .describe('Most files, directories and links that a layer may have.'),
    maxLayerExpansion: integer(1, 100_000)
      .default(500)
      .describe('How many times its compressed size a layer may have, if it has more than 1 GiB.'),
    pullProgressTimeoutSeconds: integer(1, 3600)
      .default(60)
      .describe('Seconds without a byte after which a download is given up and tried again.'),
    pinned: z
      .array(z.string().min(1))
      .default([])
      .describe('References of images that the kubelet is told never to collect. "*" at the end matches any rest.'),
    verification: z
      .record(z.string().regex(matchGrammar, 'must be "*", a registry, or a registry with a path'), verification)
      .default({})
      .describe(
        'Which images may be pulled. The key is "*", a registry, or a registry and the first parts of a repository, as "registry.local/team"; the longest that fits decides. Without one every image may.',
      ),
  })
  .describe('Images and registries.');
