import { chmodSync, chownSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import { rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { encodeTar } from '../../../hack/lib/oci/tar.ts';
import type { TarEntry } from '../../../hack/lib/oci/tar.ts';
import { digestOf } from '../../../hack/lib/oci/image.ts';
import { examineLayer, replayTar, replayedSize } from '../../../src/image/layers/tar-replay.ts';
import { parseDigest } from '../../../src/image/reference/digest.ts';
import type { Images } from '../../../src/image/service.ts';
import { startTestRegistry } from '../../fixtures/images/images.ts';
import type { Registry } from '../../fixtures/images/registry.ts';
import { layerVariety } from '../../fixtures/images/rootfs.ts';
import { openStore, soon, unpack, workDirectory } from './lab.ts';

const file = (path: string, data: string | Buffer = path): TarEntry => ({ kind: 'file', path, data });

describe('an unpacked layer', () => {
  let work = '';
  beforeEach(() => (work = workDirectory()));
  afterEach(() => rmSync(work, { recursive: true }));

  const long = `${'d'.repeat(90)}/${'e'.repeat(90)}/${'ü'.repeat(60)}`;
  const varieties: Readonly<Record<string, readonly TarEntry[]>> = {
    'of every kind of member': [
      { kind: 'dir', path: 'd', mode: 0o1777 },
      file('d/empty', ''),
      file('d/one', 'x'),
      file('d/block', Buffer.alloc(512, 'b')),
      file('big', Buffer.alloc(3_000_001, 'big')),
      file(long),
      { kind: 'hardlink', path: 'twin', target: 'd/one' },
      { kind: 'symlink', path: 'link', target: 'd/one' },
      { kind: 'fifo', path: 'fifo' },
      { kind: 'char', path: 'null', major: 1, minor: 3 },
      { kind: 'dir', path: 'd', mode: 0o755 },
    ],
    'with whiteouts, below': layerVariety()[0],
    'with whiteouts, above': layerVariety()[1],
    'of nothing': [],
    'of many small files': Array.from({ length: 5000 }, (_, at) => file(`many/${at}`, `${at}`.repeat(at % 97))),
  };
  for (const [what, entries] of Object.entries(varieties))
    it(`${what} gives the very archive that it came from`, async () => {
      const tar = encodeTar(entries);
      const { path } = await unpack(work, 'layer', tar);
      expect(Buffer.concat(Array.from(replayTar(path), (piece) => Buffer.from(piece))).equals(tar)).to.equal(true);
      expect(replayedSize(path)).to.equal(tar.length);
    });

  it('has no record where a path is named twice or reached through a link, and is examined all the same', async () => {
    const odd: readonly (readonly TarEntry[])[] = [
      [file('a', 'first'), file('a', 'second')],
      [file('a'), { kind: 'symlink', path: 'a', target: 'b' }],
      [{ kind: 'dir', path: 'real' }, { kind: 'symlink', path: 'way', target: 'real' }, file('way/x')],
      [file('a'), file('.wh.a', '')],
      [file('a/b/c'), file('a/b')],
      [file('a/b/c'), { kind: 'symlink', path: 'a', target: 'b' }],
    ];
    for (const [index, entries] of odd.entries()) {
      const tar = encodeTar(entries);
      const { path } = await unpack(work, `odd-${index}`, tar).catch(() => ({ path: '' }));
      if (path === '') continue;
      expect(existsSync(`${path}.record`), String(index)).to.equal(false);
      const layer = { target: path, diffId: parseDigest(digestOf(tar)) };
      expect(examineLayer(layer), String(index)).to.deep.equal({ kind: 'whole' });
      writeFileSync(join(path, 'more'), '');
      expect(examineLayer(layer), String(index)).to.include({ kind: 'corrupt' });
    }
  });

  it('without a record is corrupt when a byte, a mode, an owner or a link is not what it was', async () => {
    const link: TarEntry = { kind: 'symlink', path: 'link', target: 'here' };
    const tar = encodeTar([file('a', 'first'), file('a', 'second'), { kind: 'dir', path: 'd' }, link]);
    const changes: readonly ((path: string) => void)[] = [
      (path) => writeFileSync(join(path, 'a'), 'secoNd'),
      (path) => chmodSync(join(path, 'a'), 0o600),
      (path) => chownSync(join(path, 'd'), 7, 0),
      (path) => rmSync(join(path, 'd'), { recursive: true }),
      (path) => {
        rmSync(join(path, 'link'));
        symlinkSync('there', join(path, 'link'));
      },
    ];
    for (const [index, change] of changes.entries()) {
      const { path } = await unpack(work, `changed-${index}`, tar);
      const layer = { target: path, diffId: parseDigest(digestOf(tar)) };
      expect(examineLayer(layer)).to.deep.equal({ kind: 'whole' });
      change(path);
      expect(examineLayer(layer), String(index)).to.include({ kind: 'corrupt' });
    }
  });

  it('of which nothing was written down is unknown', async () => {
    const tar = encodeTar([file('a')]);
    const { path } = await unpack(work, 'layer', tar);
    rmSync(`${path}.record`);
    expect(examineLayer({ target: path, diffId: parseDigest(digestOf(tar)) })).to.deep.equal({ kind: 'unknown' });
  });

  it('is corrupt when one byte, one file or the record is not what it was', async () => {
    const tar = encodeTar([file('a', 'content'), file('b', 'content'), file('c', 'content')]);
    const layer = { target: (await unpack(work, 'layer', tar)).path, diffId: parseDigest(digestOf(tar)) };
    expect(examineLayer(layer)).to.deep.equal({ kind: 'whole' });
    const at = (name: string) => join(layer.target, name);
    writeFileSync(at('a'), 'contenT');
    expect(examineLayer(layer)).to.deep.equal({ kind: 'corrupt', reason: 'some of its files have other content' });
    writeFileSync(at('a'), 'content');
    truncateSync(at('b'), 3);
    expect(examineLayer(layer)).to.deep.equal({ kind: 'corrupt', reason: 'file "b" has 3 bytes, not 7' });
    writeFileSync(at('b'), 'content');
    rmSync(at('c'));
    expect(examineLayer(layer)).to.deep.equal({ kind: 'corrupt', reason: 'file "c" is missing' });
    writeFileSync(at('c'), 'content');
    expect(examineLayer(layer)).to.deep.equal({ kind: 'whole' });
    const record = readFileSync(`${layer.target}.record`);
    writeFileSync(`${layer.target}.record`, record.subarray(0, record.length - 3));
    expect(examineLayer(layer)).to.include({ kind: 'corrupt' });
  });
});

describe('examining images', function () {
  this.timeout(60_000);
  let work = '';
  let registry: Registry;
  let images: Images;
  before(async () => {
    work = workDirectory();
    const where = { configDir: join(work, 'conf'), writableDir: join(work, 'registry') };
    registry = await startTestRegistry({ ...where, sets: ['own'] });
    images = await openStore(join(work, 'store'));
  });
  after(async () => {
    await images.close();
    await registry.stop();
    rmSync(work, { recursive: true });
  });
  const victim = (path: string) => join(path, 'bin/busybox');

  it('puts a corrupt layer aside and pulls its image again, with all its names', async () => {
    const name = `${registry.host}/test/busybox:1`;
    const before = await images.pull(name, {}, soon());
    await images.tag(before.id, 'mine:1', soon());
    images.hold(before.id, 'a container');
    expect(await images.examine(soon())).to.deep.include({ corrupt: [], images: [], unknown: 0 });
    const path = before.layers[0]?.path ?? '';
    writeFileSync(victim(path), 'rubbish');
    const seen = await images.examine(soon());
    expect(seen.corrupt).to.have.length(1);
    expect(seen.images).to.deep.equal([
      { id: before.id, names: [name, 'docker.io/library/mine:1', ...before.repoDigests], error: '' },
    ]);
    const after = images.get(before.id);
    expect(after.repoTags).to.have.members([name, 'docker.io/library/mine:1']);
    expect(readFileSync(victim(after.layers[0]?.path ?? '')).length).to.be.greaterThan(100_000);
    // What a container stands on stays where the disk has it.
    expect(readdirSync(join(work, 'store/quarantine'))).to.have.length(1);
    expect(await images.examine(soon())).to.deep.include({ corrupt: [] });
    images.release('a container');
  });

  it('tells an image that it cannot have again', async () => {
    const [image] = images.list();
    writeFileSync(victim(image?.layers[0]?.path ?? ''), 'rubbish');
    await registry.stop();
    const { images: lost } = await images.examine(soon());
    expect(lost[0]?.error).to.match(/no answer|ECONNREFUSED|connection/);
    expect(images.list()).to.deep.equal([]);
    await images.collect(soon());
    expect(readdirSync(join(work, 'store/layers'))).to.deep.equal([]);
  });
});
