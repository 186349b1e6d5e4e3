import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect } from 'chai';
import { buildImage, digestOf, packLayer } from '../../../hack/lib/oci/image.ts';
import { encodeTar } from '../../../hack/lib/oci/tar.ts';
import type { TarEntry } from '../../../hack/lib/oci/tar.ts';
import type { Images } from '../../../src/image/service.ts';
import { errorOf, layersIn, openStore, soon, workDirectory } from './lab.ts';

const layers = ['one', 'two'].map((name) =>
  packLayer([{ kind: 'file', path: name, data: name }], name === 'one' ? 'none' : 'gzip'),
);
const image = buildImage({ layers, config: { User: 'someone' }, format: 'oci' });
const configBytes = image.blobs.get(image.id) ?? Buffer.alloc(0);
const json = (path: string, value: unknown): TarEntry => ({ kind: 'file', path, data: JSON.stringify(value) });

/** What `docker save` writes; the second layer's file is a link, as old versions of it made for shared layers. */
function dockerArchive(tags: readonly string[], manifest?: unknown): Buffer {
  const [one, two] = layers.map(({ blob }) => blob);
  return encodeTar([
    { kind: 'file', path: 'config.json', data: configBytes },
    { kind: 'dir', path: 'a' },
    { kind: 'file', path: 'a/layer.tar', data: one ?? '' },
    { kind: 'dir', path: 'b' },
    { kind: 'symlink', path: 'b/layer.tar', target: '../c/layer.tar' },
    { kind: 'file', path: 'c/layer.tar', data: two ?? '' },
    json(
      'manifest.json',
      manifest ?? [{ Config: 'config.json', RepoTags: tags, Layers: ['a/layer.tar', 'b/layer.tar'] }],
    ),
  ]);
}

function layout(annotations: Record<string, string>, blobs = image.blobs): Buffer {
  const { digest, mediaType, body } = image.root;
  const files = [...blobs, [digest, body] as const];
  return encodeTar([
    json('oci-layout', { imageLayoutVersion: '1.0.0' }),
    json('index.json', { schemaVersion: 2, manifests: [{ mediaType, digest, size: body.length, annotations }] }),
    ...files.map(([name, data]): TarEntry => ({ kind: 'file', path: `blobs/${name.replace(':', '/')}`, data })),
  ]);
}

describe('importing an archive', function () {
  this.timeout(60_000);
  let work = '';
  let images: Images;
  beforeEach(async () => {
    work = workDirectory();
    images = await openStore(work);
  });
  afterEach(async () => {
    await images.close();
    rmSync(work, { recursive: true });
  });
  const run = (bytes: Buffer, name = '') => {
    const file = join(work, 'archive');
    writeFileSync(file, bytes);
    return images.import(file, { name }, soon());
  };

  it('takes what docker save writes, with its names', async () => {
    const [imported] = await run(dockerArchive(['thing:1', 'quay.io/x/y:2']));
    expect(imported?.id).to.equal(image.id);
    expect(imported?.repoTags).to.deep.equal(['docker.io/library/thing:1', 'quay.io/x/y:2']);
    expect(imported?.config.user).to.equal('someone');
    expect(imported?.layers.map(({ path }) => readdirSync(path))).to.deep.equal([['one'], ['two']]);
  });

  for (const [what, compress] of Object.entries({ gzip: gzipSync, zstd: zstdCompressSync }))
    it(`takes an archive packed by ${what}`, async () => {
      expect(await run(compress(dockerArchive(['thing:1'])))).to.have.length(1);
      expect(readdirSync(join(work, 'ingest'))).to.deep.equal([]);
    });

  it('refuses an archive that expands without end, a damaged and a cut one, and keeps nothing', async () => {
    const zeros = gzipSync(Buffer.alloc(64 << 20));
    const bomb = Buffer.concat(Array.from({ length: 18 }, () => zeros));
    const whole = gzipSync(dockerArchive(['thing:1']));
    const damaged = Buffer.from(whole);
    damaged.fill(0xff, whole.length >> 1, (whole.length >> 1) + 40);
    const refused: readonly [Buffer, string, RegExp][] = [
      [bomb, 'resource_exhausted', /archive expands to more than/],
      [damaged, 'invalid_argument', /archive is damaged/],
      [whole.subarray(0, whole.length >> 1), 'invalid_argument', /archive is damaged/],
    ];
    for (const [bytes, code, message] of refused) {
      const error = await errorOf(run(bytes));
      expect(error, error.message).to.include({ code });
      expect(error.message).to.match(message);
      expect(readdirSync(join(work, 'ingest'))).to.deep.equal([]);
    }
  });

  it('takes an OCI layout, named by its annotations or by us', async () => {
    const ref = 'org.opencontainers.image.ref.name';
    const tagsOf = async (annotations: Record<string, string>, name = '') => {
      const [imported] = await run(layout(annotations), name);
      const { repoTags = [], repoDigests = [] } = imported ?? {};
      if (imported !== undefined) await images.remove(imported.id, soon());
      return [...repoTags, ...repoDigests.map((text) => text.replace(/:.*/, ''))];
    };
    expect(await tagsOf({ [ref]: 'quay.io/a/b:1' })).to.deep.equal(['quay.io/a/b:1', 'quay.io/a/b@sha256']);
    expect(await tagsOf({ [ref]: 'v1', 'io.containerd.image.name': 'quay.io/a/c:2' })).to.include('quay.io/a/c:2');
    expect(await tagsOf({ [ref]: 'v1' })).to.deep.equal([]);
    expect(await tagsOf({ [ref]: 'quay.io/a/b:1' }, 'mine:3')).to.deep.equal([
      'docker.io/library/mine:3',
      'docker.io/library/mine@sha256',
    ]);
    expect(layersIn(work)).to.deep.equal([]);
  });

  it('takes what skopeo makes of an image, in both forms', async () => {
    const source = join(work, 'source.tar');
    writeFileSync(source, layout({ 'org.opencontainers.image.ref.name': 'v1' }));
    for (const form of ['docker-archive', 'oci-archive']) {
      const file = join(work, form);
      execFileSync('skopeo', [
        '--insecure-policy',
        'copy',
        '-q',
        `oci-archive:${source}:v1`,
        `${form}:${file}:localhost/made:1`,
      ]);
      const [imported] = await images.import(file, {}, soon());
      expect(imported?.repoTags, form).to.include('localhost/made:1');
    }
  });

  it('says what is wrong with an archive and leaves nothing of it', async () => {
    const other = new Map(
      [...image.blobs].map(([digest, blob]) => [digest, digest === image.id ? Buffer.from('{}') : blob]),
    );
    const short = new Map([...image.blobs].filter(([digest]) => digest === image.id));
    const wrong: Record<string, Buffer> = {
      'no archive': Buffer.from('hello, this is no archive at all'.repeat(40)),
      'nothing in it': encodeTar([]),
      'another tar': encodeTar([{ kind: 'file', path: 'x', data: 'x' }]),
      'cut off': dockerArchive(['a:1']).subarray(0, 3000),
      'no layer': dockerArchive([], [{ Config: 'config.json', Layers: ['a/layer.tar', 'absent'] }]),
      'a layer outside': dockerArchive([], [{ Config: 'config.json', Layers: ['a/layer.tar', '../../etc/passwd'] }]),
      'layers swapped': dockerArchive([], [{ Config: 'config.json', Layers: ['b/layer.tar', 'a/layer.tar'] }]),
      'a bad name': dockerArchive(['Bad/Name:1']),
      'another configuration': layout({}, other),
      'missing blobs': layout({}, short),
    };
    for (const [what, bytes] of Object.entries(wrong))
      expect(await errorOf(run(bytes)), what).to.include({ code: 'invalid_argument' });
    expect(await errorOf(images.import(join(work, 'absent'), {}, soon()))).to.include({ code: 'not_found' });
    expect(await errorOf(run(dockerArchive(['a:1']), 'Bad Name'))).to.include({ code: 'invalid_argument' });
    expect(images.list()).to.deep.equal([]);
    expect(layersIn(work)).to.deep.equal([]);
    expect(readdirSync(join(work, 'ingest'))).to.deep.equal([]);
    expect(digestOf(configBytes)).to.equal(image.id);
  });
});
