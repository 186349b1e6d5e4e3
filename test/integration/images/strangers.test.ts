import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { buildImage, digestOf, packLayer } from '../../../hack/lib/oci/image.ts';
import type { BuiltImage, Layer } from '../../../hack/lib/oci/image.ts';
import { encodeTar } from '../../../hack/lib/oci/tar.ts';
import type { Images } from '../../../src/image/service.ts';
import { errorOf, layersIn, openStore, soon, workDirectory } from './lab.ts';
import { startStranger } from './stranger.ts';
import type { Stranger } from './stranger.ts';

const content = randomBytes(3 << 20);
const good = packLayer([{ kind: 'file', path: 'content', data: content }]);
const image = buildImage({ layers: [good], format: 'oci' });
const auth = { username: 'someone', password: 'secret' };
const secret = `Basic ${Buffer.from('someone:secret').toString('base64')}`;

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

describe('a registry that is a stranger', function () {
  this.timeout(60_000);
  let work = '';
  let images: Images;
  let stranger: Stranger;
  const silenceMs = 400;
  const meet = async (met: BuiltImage = image) => {
    stranger = await startStranger(met);
  };
  const pull = (options: object = {}) => images.pull(`${stranger.host}/test/image:1`, options, soon());
  const hosts = (text: string) => {
    mkdirSync(join(work, 'certs.d', stranger.host), { recursive: true });
    writeFileSync(join(work, 'certs.d', stranger.host, 'hosts.toml'), text);
  };
  beforeEach(async () => {
    work = workDirectory();
    images = await openStore(work, {
      registry: { certsDir: join(work, 'certs.d'), plainHttpHosts: [], silenceMs },
      limits: { maxEntries: 1000, maxBytes: 32 << 20 },
    });
  });
  afterEach(async () => {
    await images.close();
    await stranger.stop();
    rmSync(work, { recursive: true });
  });

  const nothingLeft = () => {
    expect(images.list()).to.deep.equal([]);
    expect(layersIn(work)).to.deep.equal([]);
    expect(readdirSync(join(work, 'ingest'))).to.deep.equal([]);
    expect(readdirSync(join(work, 'content'))).to.deep.equal([]);
  };

  /** What it serves, or does to requests with `on` in their path; the code of the error it must come to. */
  interface Case {
    readonly image?: () => BuiltImage;
    readonly on?: string;
    readonly act?: (...args: Parameters<Stranger['serve']>) => void;
    readonly code: string;
    readonly text?: RegExp;
  }
  const endless: Case['act'] = (_request, response) => {
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536, 'x')));
    };
    response.on('drain', more);
    more();
  };
  const say =
    (status: number, body = '', headers: Record<string, string> = {}): Case['act'] =>
    (_request, response) => {
      response.writeHead(status, headers).end(body);
    };
  const config = image.blobs.keys().find((digest) => digest !== good.digest) ?? '';
  const refused: Record<string, Case> = {
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
    'an artifact that is no image': {
      image: () =>
        withManifest((m) => ({ ...m, config: { ...(m.config as object), mediaType: 'application/x-helm' } })),
      code: 'invalid_argument',
      text: /artifact/,
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
  for (const [name, { image: served, on, act, code, text }] of Object.entries(refused))
    it(`is refused with ${name}`, async () => {
      await meet(served?.());
      if (on !== undefined && act !== undefined) stranger.on(on, act);
      const error = await errorOf(pull({ auth }));
      expect(error, error.message).to.include({ code });
      if (text !== undefined) expect(error.message).to.match(text);
      nothingLeft();
    });

  it('is forgiven two errors, a 429 and a hang-up', async () => {
    await meet();
    const troubles = [
      say(500),
      say(429, '', { 'retry-after': '0' }),
      (request: { socket: { destroy(): void } }) => request.socket.destroy(),
    ];
    stranger.on('/v2/', (request, response) => {
      const trouble = troubles.pop() as Case['act'];
      (trouble ?? stranger.serve)(request, response);
    });
    expect((await pull()).layers).to.have.length(1);
  });

  it('may hang up after each 500 KB: the download goes on where it ended', async () => {
    await meet();
    const starts: string[] = [];
    stranger.on(good.digest, (request, response) => {
      starts.push(request.headers.range ?? 'all');
      response.flushHeaders = () => undefined;
      const write = response.write.bind(response);
      response.end = ((whole: Buffer) => {
        if (whole.length <= 500_000) return void Reflect.apply(Object.getPrototypeOf(response).end, response, [whole]);
        write(whole.subarray(0, 500_000), () => response.destroy());
      }) as typeof response.end;
      stranger.serve(request, response);
    });
    await pull();
    expect(starts.length).to.be.greaterThan(5);
    expect(starts.slice(0, 2).join()).to.match(/^all,bytes=[1-9][0-9]*-$/);
  });

  it('may have no ranges: the download starts again', async () => {
    await meet();
    let first = true;
    stranger.on(good.digest, (request, response) => {
      delete request.headers.range;
      if (!first) {
        stranger.serve(request, response);
        return;
      }
      first = false;
      response.writeHead(200, { 'content-length': String(good.blob.length) });
      response.write(good.blob.subarray(0, 100_000), () => response.destroy());
    });
    await pull();
  });

  it('does not learn a password that was meant for another host or port', async () => {
    await meet();
    const thief = await startStranger(image);
    stranger.on('/v2/', (request, response) => {
      if (request.headers.authorization === undefined)
        return say(401, '', { 'www-authenticate': 'Basic realm=x' })?.(request, response);
      say(307, '', { location: `${thief.origin}${request.url ?? ''}` })?.(request, response);
    });
    await pull({ auth });
    expect(stranger.seen.some((line) => line.endsWith(secret))).to.equal(true);
    expect(thief.seen.length).to.be.greaterThan(2);
    expect(thief.seen.filter((line) => line.includes('Basic'))).to.deep.equal([]);
    await thief.stop();
  });

  it('does not learn a password as a mirror', async () => {
    await meet();
    const mirror = await startStranger(image);
    mirror.on('/v2/', (request, response) =>
      say(401, '', { 'www-authenticate': 'Basic realm=x' })?.(request, response),
    );
    hosts(`[host."${mirror.origin}"]\n`);
    await pull({ auth });
    expect(mirror.seen.length).to.be.greaterThan(0);
    expect(mirror.seen.filter((line) => line.includes('Basic'))).to.deep.equal([]);
    expect(mirror.seen[0]).to.contain(`ns=${encodeURIComponent(stranger.host)}`);
    await mirror.stop();
  });

  it('sends no password to a token server without TLS that is not on this machine', async () => {
    await meet();
    hosts(`server = "http://${stranger.host}"`);
    stranger.on('/v2/', say(401, '', { 'www-authenticate': 'Bearer realm="ftp://x/token"' }) as Stranger['serve']);
    expect(await errorOf(pull({ auth }))).to.include({ code: 'failed_precondition' });
  });

  for (const [what, act] of Object.entries({
    'an endless token': endless,
    'no token': say(200, '{}'),
    'a refusal': say(403),
    'no JSON': say(200, 'x'),
  }))
    it(`gives up on a token server with ${what}`, async () => {
      await meet();
      stranger.on(
        '/v2/',
        say(401, '', { 'www-authenticate': `Bearer realm="${stranger.origin}/token"` }) as Stranger['serve'],
      );
      stranger.on('/token', act as Stranger['serve']);
      const error = await errorOf(pull({ auth }));
      expect(error.code).to.be.oneOf(['resource_exhausted', 'unauthenticated', 'invalid_argument']);
      nothingLeft();
    });

  it('is replaced by the registry where it is a mirror that lies', async () => {
    await meet();
    const liar = await startStranger(image);
    liar.on(good.digest, say(200, 'x'.repeat(good.blob.length)) as Stranger['serve']);
    hosts(`[host."${liar.origin}"]\n`);
    expect((await pull()).layers).to.have.length(1);
    expect(liar.seen.some((line) => line.includes(good.digest))).to.equal(true);
    await liar.stop();
  });

  it('does not see its pull go on when the daemon closes', async () => {
    await meet();
    stranger.on(good.digest, () => undefined);
    const error = errorOf(pull());
    while (!stranger.seen.some((line) => line.includes(good.digest)))
      await new Promise((resolve) => setTimeout(resolve, 5));
    await images.close();
    expect(await error).to.include({ code: 'cancelled' });
    nothingLeft();
  });
});
