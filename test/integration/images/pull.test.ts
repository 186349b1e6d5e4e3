import { lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { buildImage, packLayer } from '../../../hack/lib/oci/image.ts';
import type { Images } from '../../../src/image/service.ts';
import { startTestRegistry } from '../../fixtures/images/images.ts';
import { pushImage } from '../../fixtures/images/push.ts';
import type { Registry } from '../../fixtures/images/registry.ts';
import { errorOf, layersIn, openStore, soon, stacked, workDirectory } from './lab.ts';

describe('pulling from a real registry', function () {
  this.timeout(120_000);
  let work = '';
  let registry: Registry;
  let images: Images;
  before(async () => {
    work = workDirectory();
    registry = await startTestRegistry({
      configDir: join(work, 'conf'),
      sets: ['own'],
      writableDir: join(work, 'registry'),
    });
  });
  after(async () => {
    await registry.stop();
    rmSync(work, { recursive: true });
  });
  const root = () => join(work, 'store');
  beforeEach(async () => {
    images = await openStore(root());
  });
  afterEach(async () => {
    await images.close();
    rmSync(root(), { recursive: true });
  });
  const pull = (name: string) => images.pull(`${registry.host}/${name}`, {}, soon());
  const push = async (name: string, content: string, url = registry.url) => {
    const layer = packLayer([{ kind: 'file', path: 'content', data: content }]);
    return { digest: await pushImage({ url }, name, buildImage({ layers: [layer], format: 'oci' })), layer };
  };

  for (const tag of ['1', 'zstd', 'plain', 'docker', 'index'])
    it(`takes busybox:${tag}`, async () => {
      const image = await pull(`test/busybox:${tag}`);
      expect(image.repoTags).to.deep.equal([`${registry.host}/test/busybox:${tag}`]);
      expect(image.repoDigests[0]).to.match(/test\/busybox@sha256:[0-9a-f]{64}$/);
      expect(image.config.cmd).to.deep.equal(['sh']);
      expect(image.layers).to.have.length(1);
      expect(Number(image.size)).to.be.greaterThan(1_000_000);
      for (const text of [image.id, image.id.slice(7), image.id.slice(7, 20), ...image.repoTags, ...image.repoDigests])
        expect(images.find(text)?.id, text).to.equal(image.id);
    });

  it('reads all of the configuration', async () => {
    const { config } = await pull('test/config:1');
    expect(config).to.deep.include({
      cmd: ['from', 'image'],
      env: ['PATH=/bin', 'GREETING=hello', 'EMPTY='],
      workingDir: '/made/by/the/runtime',
      stopSignal: 'SIGUSR1',
      labels: { 'test.label': 'yes' },
      volumes: ['/data'],
      user: '',
    });
  });

  it('takes an image without layers', async () => {
    const image = await pull('test/nothing:1');
    expect(image.layers).to.deep.equal([]);
    expect(image.size).to.equal(0n);
  });

  it('says what an index has when the platform is not there, and takes the one that is asked for', async () => {
    const error = await errorOf(pull('test/foreign:1'));
    expect(error).to.include({ code: 'not_found' });
    expect(error.message).to.contain('linux/s390x, linux/riscv64');
    const platform = { os: 'linux', architecture: 's390x' };
    await images.pull(`${registry.host}/test/foreign:1`, { platform }, soon());
  });

  it('says that an image, a tag, a registry is not there', async () => {
    expect(await errorOf(pull('test/absent:1'))).to.include({ code: 'not_found' });
    expect(await errorOf(pull('test/busybox:absent'))).to.include({ code: 'not_found' });
    expect(await errorOf(images.pull('127.0.0.1:1/a/b', {}, soon()))).to.include({ code: 'unavailable' });
    expect(await errorOf(images.pull('No/Image', {}, soon()))).to.include({ code: 'invalid_argument' });
    expect(layersIn(root())).to.deep.equal([]);
  });

  it('pulls by digest, then finds it by that digest only', async () => {
    const { digest } = await push('test/digest:1', 'digest');
    const image = await pull(`test/digest@${digest}`);
    expect(image.repoTags).to.deep.equal([]);
    expect(image.repoDigests).to.deep.equal([`${registry.host}/test/digest@${digest}`]);
    expect(images.find(`${registry.host}/test/digest:1`)).to.equal(undefined);
    expect((await pull(`test/digest:1`)).repoTags).to.have.length(1);
    expect(images.list()).to.have.length(1);
  });

  it('moves a tag from one image to another and keeps both', async () => {
    await push('test/moving:1', 'before');
    const before = await pull('test/moving:1');
    await push('test/moving:1', 'after');
    const after = await pull('test/moving:1');
    expect(after.id).to.not.equal(before.id);
    expect(images.get(before.id).repoTags).to.deep.equal([]);
    expect(images.get(before.id).repoDigests).to.have.length(1);
    expect(images.get(after.id).repoTags).to.have.length(1);
    await images.remove(before.id, soon());
    expect(images.list().map(({ id }) => id)).to.deep.equal([after.id]);
  });

  it('removes an image with all its names, its layers unless shared, and does not mind when it is gone', async () => {
    await pull('test/busybox:1');
    const shared = await pull('test/layers:1');
    await pull('test/users:1');
    expect(layersIn(root())).to.have.length(4);
    await images.remove(`${registry.host}/test/layers:1`, soon());
    expect(layersIn(root())).to.have.length(2);
    await images.remove(shared.id, soon());
    await images.remove('test/layers:1', soon());
    for (const image of images.list()) await images.remove(image.id, soon());
    expect(layersIn(root())).to.deep.equal([]);
    expect(await images.filesystem(soon())).to.deep.include({ usedBytes: 0n, usedInodes: 0n });
  });

  it('keeps what a container holds', async () => {
    const image = await pull('test/busybox:1');
    images.hold(image.id, 'container-1');
    const error = await errorOf(images.remove(image.id, soon()));
    expect(error).to.include({ code: 'failed_precondition' });
    expect(error.message).to.contain('container-1');
    images.release('container-1');
    await images.remove(image.id, soon());
    expect(images.list()).to.deep.equal([]);
  });

  it('finds everything again after a restart, and cleans up what a crash left', async () => {
    const image = await pull('test/layers:1');
    await images.close();
    mkdirSync(join(root(), 'layers/zz/fs/half'), { recursive: true });
    writeFileSync(join(root(), 'images/x.json.tmp'), 'half');
    writeFileSync(join(root(), 'content/abc'), 'half');
    images = await openStore(root());
    expect(images.list()).to.deep.equal([image]);
    await images.close();
    expect(layersIn(root())).to.have.length(3);
    images = await openStore(root());
    expect((await pull('test/layers:1')).id).to.equal(image.id);
  });

  it('drops layers that a power cut may have damaged, and pulls them again', async () => {
    const image = await pull('test/busybox:1');
    await images.close();
    const [short] = layersIn(root());
    const marker = join(root(), 'layers', short ?? '', 'layer.json');
    const { default: record } = (await import(marker, { with: { type: 'json' } })) as { default: { data: object } };
    expect(record.data).to.include({ synced: true });
    writeFileSync(marker, JSON.stringify({ ...record, data: { ...record.data, synced: false, bootId: 'another' } }));
    images = await openStore(root());
    expect(images.list()).to.deep.equal([]);
    expect((await pull('test/busybox:1')).id).to.equal(image.id);
  });

  it('does concurrent pulls of one image once, and goes on for those who wait when one goes away', async () => {
    const before = registry.log().length;
    const leaving = new AbortController();
    const left = errorOf(images.pull(`${registry.host}/test/busybox:1`, {}, leaving.signal));
    const stays = Promise.all([pull('test/busybox:1'), pull('test/busybox:1')]);
    leaving.abort();
    expect(await left).to.include({ code: 'cancelled' });
    const [one, other] = await stays;
    expect(one).to.equal(other);
    const blobs = registry
      .log()
      .slice(before)
      .match(/GET \/v2\/test\/busybox\/blobs/g);
    expect(blobs ?? []).to.have.length.at.most(2);
    expect(layersIn(root())).to.have.length(1);
  });

  it('unpacks a layer that two images share, or one image lists twice, once', async () => {
    const layer = packLayer([{ kind: 'file', path: 'shared', data: 'x' }]);
    const other = packLayer([{ kind: 'file', path: 'other', data: 'x' }]);
    for (const [name, layers] of Object.entries({ a: [layer], b: [layer, other], c: [layer, other, layer] }))
      await pushImage({ url: registry.url }, `test/shared:${name}`, buildImage({ layers, format: 'oci' }));
    const [, , twice] = await Promise.all(['a', 'b', 'c'].map((tag) => pull(`test/shared:${tag}`)));
    expect(layersIn(root())).to.have.length(2);
    expect(twice?.layers.map(({ diffId }) => diffId)).to.deep.equal([other.diffId, layer.diffId]);
  });

  it('mends what a layer leaves undescribed by one more layer, and removes it with the image', async () => {
    const below = packLayer([{ kind: 'dir', path: 'tmp', mode: 0o1777 }]);
    const above = packLayer([{ kind: 'file', path: 'tmp/x', data: '' }]);
    await pushImage({ url: registry.url }, 'test/mend:1', buildImage({ layers: [below, above], format: 'oci' }));
    const image = await pull('test/mend:1');
    expect(image.layers).to.have.length(3);
    expect(lstatSync(join(image.layers[2]?.path ?? '', 'tmp')).mode & 0o7777).to.equal(0o1777);
    expect(await pull('test/mend:1')).to.deep.equal(image);
    await images.remove(image.id, soon());
    expect(layersIn(root())).to.deep.equal([]);
  });

  it('makes a hard link to a file of a lower layer, and refuses one to what no layer has', async () => {
    const below = packLayer([{ kind: 'file', path: 'file', data: 'content' }]);
    const link = (target: string) => packLayer([{ kind: 'hardlink', path: 'd/link', target }]);
    for (const [tag, target] of Object.entries({ good: 'file', bad: 'absent' })) {
      const layers = [below, link(target)];
      await pushImage({ url: registry.url }, `test/link:${tag}`, buildImage({ layers, format: 'oci' }));
    }
    expect(await errorOf(pull('test/link:bad'))).to.include({ code: 'invalid_argument' });
    expect(layersIn(root())).to.deep.equal([]);
    const image = await pull('test/link:good');
    const paths = image.layers.map(({ path }) => path);
    const links = stacked(root(), paths, (merged) => ['file', 'd/link'].map((name) => lstatSync(join(merged, name))));
    expect(links.map(({ nlink }) => nlink)).to.deep.equal([2, 2]);
    expect(links[0]?.ino).to.equal(links[1]?.ino);
    expect(await pull('test/link:good')).to.deep.equal(image);
    await images.remove(image.id, soon());
    expect(layersIn(root())).to.deep.equal([]);
  });

  it('takes 128 layers', async () => {
    const layers = Array.from({ length: 128 }, (_, index) =>
      packLayer([{ kind: 'file', path: `f${index}`, data: 'x' }]),
    );
    await pushImage({ url: registry.url }, 'test/many:1', buildImage({ layers, format: 'oci' }));
    const image = await pull('test/many:1');
    expect(image.layers.map(({ diffId }) => diffId)).to.deep.equal(layers.map(({ diffId }) => diffId));
  });

  it('marks what is pinned', async () => {
    await images.close();
    images = await openStore(root(), { pinned: [`${registry.host}/test/bus*`] });
    expect((await pull('test/busybox:1')).pinned).to.equal(true);
    expect((await pull('test/users:1')).pinned).to.equal(false);
  });
});
