import { execFileSync } from 'node:child_process';
import { chownSync, lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { buildImage, packLayer } from '../../../hack/lib/oci/image.ts';
import type { Compression, Format, Layer } from '../../../hack/lib/oci/image.ts';
import type { Image, Images } from '../../../src/image/service.ts';
import { startTestRegistry } from '../../fixtures/images/images.ts';
import { pushImage } from '../../fixtures/images/push.ts';
import type { Registry } from '../../fixtures/images/registry.ts';
import { layerVariety } from '../../fixtures/images/rootfs.ts';
import { listing, openStore, soon, stacked, workDirectory, xattrsOf } from './lab.ts';

const run = (program: string, ...args: readonly string[]) =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });

describe('images that others make', function () {
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
    images = await openStore(join(work, 'store'));
  });
  after(async () => {
    await images.close();
    await registry.stop();
    rmSync(work, { recursive: true });
  });
  const pull = (name: string) => images.pull(`${registry.host}/${name}`, {}, soon());
  const push = (source: string, name: string, ...options: readonly string[]) =>
    run(
      'skopeo',
      '--insecure-policy',
      'copy',
      '--dest-tls-verify=false',
      ...options,
      source,
      `docker://${registry.host}/${name}`,
    );
  const look = (image: Image) =>
    stacked(
      work,
      image.layers.map(({ path }) => path),
      (merged) => listing(merged),
    );

  /** An image by umoci: two layers, with a removal and a change of owner between them. */
  function withUmoci(layout: string): void {
    run('umoci', 'init', '--layout', layout);
    run('umoci', 'new', '--image', `${layout}:1`);
    const bundle = join(work, 'bundle');
    run('umoci', 'unpack', '--image', `${layout}:1`, bundle);
    const at = (path: string) => join(bundle, 'rootfs', path);
    for (const name of ['kept', 'gone', 'changed']) mkdirSync(at(name));
    for (const name of ['kept/file', 'gone/file', 'changed/file']) writeFileSync(at(name), name);
    run('setcap', 'cap_net_raw+ep', at('kept/file'));
    run('mkfifo', at('kept/fifo'));
    run('ln', at('kept/file'), at('kept/hard'));
    run('ln', '-s', 'file', at('kept/soft'));
    run('umoci', 'repack', '--refresh-bundle', '--image', `${layout}:1`, bundle);
    rmSync(at('gone'), { recursive: true });
    rmSync(at('changed/file'));
    chownSync(at('changed'), 100_000, 100_001);
    writeFileSync(at('changed/new'), 'new', { mode: 0o600 });
    run('umoci', 'repack', '--image', `${layout}:1`, bundle);
    rmSync(bundle, { recursive: true });
  }

  it('by umoci look as umoci unpacks them', async () => {
    const layout = join(work, 'layout');
    withUmoci(layout);
    push(`oci:${layout}:1`, 'made/umoci:1');
    const image = await pull('made/umoci:1');
    expect(image.layers).to.have.length(2);
    run('umoci', 'unpack', '--image', `${layout}:1`, join(work, 'theirs'));
    const theirs = join(work, 'theirs/rootfs');
    const capability = xattrsOf(join(theirs, 'kept/file'));
    expect(look(image)).to.deep.equal(listing(theirs));
    expect(xattrsOf(join(image.layers[0]?.path ?? '', 'kept/hard'))).to.deep.equal(capability);
    expect(Object.keys(capability)).to.deep.equal(['security.capability']);
  });

  it('by our builder look as umoci unpacks them: whiteouts, opaque directories, devices, odd owners', async () => {
    const layers = layerVariety().map((entries) => packLayer(entries));
    await pushImage({ url: registry.url }, 'made/variety:1', buildImage({ layers, format: 'oci' }));
    const layout = join(work, 'variety');
    run(
      'skopeo',
      '--insecure-policy',
      'copy',
      '--src-tls-verify=false',
      `docker://${registry.host}/made/variety:1`,
      `oci:${layout}:1`,
    );
    run('umoci', 'unpack', '--image', `${layout}:1`, join(work, 'variety-theirs'));
    // A directory without an entry of its own, or made opaque, has the time at which somebody unpacked it.
    const timeless = (lines: readonly string[]) => lines.map((line) => line.replace(/( d [0-9]+ [0-9:]+) .*/, '$1'));
    const theirs = listing(join(work, 'variety-theirs/rootfs'));
    expect(timeless(look(await pull('made/variety:1')))).to.deep.equal(timeless(theirs));
  });

  for (const [name, ...options] of [
    ['gzip', '--dest-compress-format', 'gzip'],
    ['zstd', '--dest-compress-format', 'zstd'],
    ['zstd:chunked', '--dest-compress-format', 'zstd:chunked'],
    ['docker', '--format', 'v2s2'],
    ['oci', '--format', 'oci'],
  ] as const)
    it(`by skopeo, as ${name}`, async () => {
      const to = `made/${name.replace(':', '-')}:1`;
      push(`docker://${registry.host}/test/busybox:plain`, to, '--src-tls-verify=false', ...options);
      expect(look(await pull(to))).to.deep.equal(look(await pull('test/busybox:plain')));
    });

  it('with an index of several platforms, copied whole', async () => {
    const source = `docker://${registry.host}/test/busybox:index`;
    push(source, 'made/index:1', '--src-tls-verify=false', '--all');
    expect((await pull('made/index:1')).layers).to.have.length(1);
  });

  for (const format of ['oci', 'docker'] as const satisfies readonly Format[])
    it(`with an empty layer, a layer that is listed twice, and every compression, as ${format}`, async () => {
      const one = (name: string, compression: Compression): Layer =>
        packLayer([{ kind: 'file', path: name, data: name }], compression);
      const shared = one('shared', 'gzip');
      const layers = [
        shared,
        packLayer([]),
        one('plain', 'none'),
        ...(format === 'oci' ? [one('zstd', 'zstd')] : []),
        shared,
      ];
      await pushImage({ url: registry.url }, `made/odd:${format}`, buildImage({ layers, format }));
      const image = await pull(`made/odd:${format}`);
      const found = stacked(
        work,
        image.layers.map(({ path }) => path),
        (merged) => readdirSync(merged),
      );
      expect(found).to.have.members(['shared', 'plain', ...(format === 'oci' ? ['zstd'] : [])]);
      expect(lstatSync(join(image.layers.at(-1)?.path ?? '', 'shared')).size).to.equal(6);
    });
});
