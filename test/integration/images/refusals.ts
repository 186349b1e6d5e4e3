import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { buildImage, digestOf } from '../../../hack/lib/oci/image.ts';
import type { BuiltImage, Layer } from '../../../hack/lib/oci/image.ts';
import { encodeTar } from '../../../hack/lib/oci/tar.ts';
import { good, image } from './meeting.ts';
import { endless, say } from './stranger.ts';
import type { Handler } from './stranger.ts';

/** The image with another body for its manifest, under the digest that this has. */
function withManifest(change: (manifest: Record<string, unknown>) => unknown): BuiltImage {
  const body = Buffer.from(JSON.stringify(change(JSON.parse(image.root.body.toString()) as Record<string, unknown>)));
  return { ...image, root: { ...image.root, body, digest: digestOf(body) } };
}

const firstLayer = (manifest: Record<string, unknown>) => (manifest.layers as Record<string, unknown>[])[0] ?? {};
const withLayer = (change: object) =>
  withManifest((manifest) => ({ ...manifest, layers: [{ ...firstLayer(manifest), ...change }] }));

/** An image whose layer is these bytes; the diffID is theirs unless given. */
function imageOf(blob: Buffer, diffId: string): BuiltImage {
  const layer: Layer = { blob, digest: digestOf(blob), diffId, compression: 'gzip' };
  return buildImage({ layers: [layer], format: 'oci' });
}

const bomb = () => {
  const zeros = Buffer.alloc(64 << 20);
  const tar = encodeTar([{ kind: 'file', path: 'zeros', data: zeros }]);
  return imageOf(gzipSync(tar), digestOf(tar));
};

/** What a registry serves, or does to requests with `on` in their path; the code of the error it must come to. */
export interface Refusal {
  readonly image?: () => BuiltImage;
  readonly on?: string;
  readonly act?: Handler;
  readonly code: string;
  readonly text?: RegExp;
}
const config = image.blobs.keys().find((digest) => digest !== good.digest) ?? '';
export const refusals: Readonly<Record<string, Refusal>> = {
  'an endless manifest': { on: '/manifests/', act: endless, code: 'resource_exhausted' },
  'an endless configuration': { on: config, act: endless, code: 'resource_exhausted' },
  'an endless blob': { on: good.digest, act: endless, code: 'invalid_argument', text: /longer than/ },
  'another blob': { on: good.digest, act: say(200, 'x'.repeat(good.blob.length)), code: 'invalid_argument' },
  'another configuration': { on: config, act: say(200, '{}'), code: 'invalid_argument' },
  'a blob that is always short': {
    on: good.digest,
    act: say(200, 'short'),
    code: 'unavailable',
    text: /ended after 5/,
  },
  'a manifest that is HTML': {
    on: '/manifests/',
    act: say(200, '<html>'),
    code: 'invalid_argument',
    text: /not JSON/,
  },
  'a manifest that is a list': { on: '/manifests/', act: say(200, '[]'), code: 'invalid_argument' },
  'a manifest of schema 1': { on: '/manifests/', act: say(200, '{"schemaVersion":1}'), code: 'unimplemented' },
  'an index and manifest at once': {
    image: () => withManifest((m) => ({ ...m, manifests: [] })),
    code: 'invalid_argument',
  },
  'a digest that is a path': { image: () => withLayer({ digest: 'sha256:../../../etc' }), code: 'invalid_argument' },
  'a size that is too small': { image: () => withLayer({ size: 10 }), code: 'invalid_argument', text: /longer than/ },
  'a size that is too big': { image: () => withLayer({ size: 1 << 30 }), code: 'unavailable' },
  'a negative size': { image: () => withLayer({ size: -1 }), code: 'invalid_argument' },
  'an encrypted layer': { image: () => withLayer({ mediaType: 'x+encrypted' }), code: 'unimplemented' },
  'more layers than a kernel stacks': {
    image: () => withManifest((m) => ({ ...m, layers: Array.from({ length: 501 }, () => firstLayer(m)) })),
    code: 'invalid_argument',
  },
  'fewer layers than its configuration': {
    image: () => withManifest((m) => ({ ...m, layers: [] })),
    code: 'invalid_argument',
  },
  'an artifact with a file whose name leads out': {
    image: () =>
      withManifest((m) => ({
        ...m,
        config: { ...(m.config as object), mediaType: 'application/x-helm' },
        layers: (m.layers as object[]).map((layer) => ({
          ...layer,
          annotations: { 'org.opencontainers.image.title': '../../etc/cron.d/x' },
        })),
      })),
    code: 'invalid_argument',
    text: /leads out/,
  },
  'a configuration of a gigabyte': {
    image: () => withManifest((m) => ({ ...m, config: { ...(m.config as object), size: 1 << 30 } })),
    code: 'resource_exhausted',
  },
  'an index that leads to itself for ever': {
    on: '/manifests/',
    act: say(200, JSON.stringify({ schemaVersion: 2, manifests: [{ digest: good.digest, size: 10 }] })),
    code: 'invalid_argument',
  },
  'a layer with another diffID': {
    image: () => imageOf(good.blob, digestOf('other')),
    code: 'invalid_argument',
    text: /diffID/,
  },
  'a layer that is noise': {
    image: () => imageOf(randomBytes(5000), digestOf('x')),
    code: 'invalid_argument',
    text: /header/,
  },
  'a layer with broken gzip': {
    image: () => imageOf(Buffer.concat([good.blob.subarray(0, 9000), randomBytes(9000)]), digestOf('x')),
    code: 'invalid_argument',
  },
  'a gzip that is cut off': {
    image: () => imageOf(good.blob.subarray(0, 9000), digestOf('x')),
    code: 'invalid_argument',
  },
  'a bomb': { image: bomb, code: 'resource_exhausted' },
  'redirects in a circle': {
    on: '/manifests/',
    act: say(302, '', { location: '/v2/test/image/manifests/1' }),
    code: 'unavailable',
  },
  'a redirect to a file': {
    on: '/manifests/',
    act: say(307, '', { location: 'file:///etc/passwd' }),
    code: 'unavailable',
  },
  'a redirect without an address': { on: '/manifests/', act: say(302), code: 'failed_precondition' },
  '401 for ever': { on: '/v2/', act: say(401, '', { 'www-authenticate': 'Basic realm=x' }), code: 'unauthenticated' },
  '401 without a challenge': { on: '/v2/', act: say(401), code: 'unauthenticated' },
  '403': { on: '/v2/', act: say(403), code: 'permission_denied' },
  '418': { on: '/v2/', act: say(418), code: 'failed_precondition' },
  'compressed answers that nobody asked for': {
    on: '/manifests/',
    act: say(200, 'x', { 'content-encoding': 'gzip' }),
    code: 'invalid_argument',
  },
  'a hang-up instead of an answer': {
    on: '/v2/',
    act: (request) => void request.socket.destroy(),
    code: 'unavailable',
  },
  'no answer at all': { on: '/v2/', act: () => undefined, code: 'unavailable', text: /no answer within/ },
  'a body that trickles': {
    on: good.digest,
    act: (_request, response) => {
      response.writeHead(200, { 'content-length': String(good.blob.length) });
      const timer = setInterval(() => response.write('x'), 50);
      response.on('close', () => clearInterval(timer));
    },
    code: 'unavailable',
    text: /bytes came in/,
  },
};
