import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { buildImage, packLayer } from '../../../hack/lib/oci/image.ts';
import type { TarEntry } from '../../../hack/lib/oci/tar.ts';
import { eventually } from '../../fixtures/pods.ts';
import { errorOf, layersIn, openStore, soon, workDirectory } from './lab.ts';
import { startStranger } from './stranger.ts';
import type { Stranger } from './stranger.ts';

const files = (name: string): TarEntry[] =>
  Array.from({ length: 400 }, (_, index) => ({
    kind: 'file',
    path: `${name}/${index}`,
    data: `${name} ${index}`.repeat(200),
  }));
const layers = ['a', 'b', 'c'].map((name) => packLayer([{ kind: 'dir', path: name }, ...files(name)]));
const image = buildImage({ layers, format: 'oci' });

const program = join(import.meta.dirname, 'puller.ts');

type Verb = 'pull' | 'remove' | 'examine' | 'export' | 'import';

describe('a store whose daemon is killed', function () {
  this.timeout(120_000);
  let work = '';
  let stranger: Stranger;
  beforeEach(async () => {
    work = workDirectory();
    stranger = await startStranger(image);
  });
  afterEach(async () => {
    await stranger.stop();
    rmSync(work, { recursive: true });
  });
  const reference = () => `${stranger.host}/test/image:1`;

  /** Runs a daemon and kills it so many milliseconds after it has opened the store; how long it took if it was done. */
  async function runAndKill(verb: Verb, afterMs: number, what = reference()): Promise<number> {
    const child = spawn(process.execPath, [program, work, verb, what], { stdio: ['ignore', 'pipe', 'inherit'] });
    let opened = 0;
    let took = Infinity;
    let timer: NodeJS.Timeout | undefined;
    for await (const line of createInterface(child.stdout)) {
      if (line === 'open') {
        opened = performance.now();
        timer = setTimeout(() => child.kill('SIGKILL'), afterMs);
      } else took = performance.now() - opened;
    }
    clearTimeout(timer);
    return took;
  }

  async function expectWhole(): Promise<void> {
    const images = await openStore(work);
    const pulled = await images.pull(reference(), {}, soon());
    expect(pulled.layers).to.have.length(3);
    for (const [index, layer] of pulled.layers.entries())
      expect(readdirSync(join(layer.path, ['a', 'b', 'c'][index] ?? ''))).to.have.length(400);
    await images.close();
    expect(layersIn(work)).to.have.length(3);
    expect(readdirSync(join(work, 'images'))).to.have.length(1);
    expect(readdirSync(join(work, 'content'))).to.have.length(2);
    expect(readdirSync(join(work, 'ingest'))).to.deep.equal([]);
  }

  it('in a pull, anywhere, has the image or pulls it again, and nothing more', async () => {
    const whole = await runAndKill('pull', 60_000);
    await expectWhole();
    for (let share = 0.05; share < 1.1; share += 0.15) {
      rmSync(work, { recursive: true });
      mkdirSync(work);
      await runAndKill('pull', whole * share);
      await expectWhole();
    }
  });

  it('in a download goes on with it where it ended', async () => {
    const large = packLayer([{ kind: 'file', path: 'noise', data: randomBytes(6 << 20) }]);
    const served = await startStranger(buildImage({ layers: [large], format: 'oci' }));
    served.on(large.digest, (_request, response) => {
      response.writeHead(200, { 'content-length': String(large.blob.length) });
      response.write(large.blob.subarray(0, 4 << 20));
    });
    const child = spawn(process.execPath, [program, work, 'pull', `${served.host}/test/image:1`], { stdio: 'ignore' });
    const ingest = join(work, 'ingest');
    const kept = () => (existsSync(ingest) ? readdirSync(ingest) : []).map((name) => statSync(join(ingest, name)).size);
    await eventually(() => expect(kept()).to.deep.equal([4 << 20]), 30_000);
    child.kill('SIGKILL');
    await once(child, 'close');
    const ranges: unknown[] = [];
    served.on(large.digest, (request, response) => {
      ranges.push(request.headers.range);
      served.serve(request, response);
    });
    const images = await openStore(work);
    const { layers: unpacked } = await images.pull(`${served.host}/test/image:1`, {}, soon());
    expect(ranges).to.deep.equal([`bytes=${4 << 20}-`]);
    expect(statSync(join(unpacked[0]?.path ?? '', 'noise')).size).to.equal(6 << 20);
    await images.close();
    expect(readdirSync(ingest)).to.deep.equal([]);
    await served.stop();
  });

  it('in a removal, anywhere, has the image whole or not at all', async () => {
    for (const afterMs of [0, 1, 2, 4, 8, 16, 32, 64, 128]) {
      await expectWhole();
      await runAndKill('remove', afterMs);
      const images = await openStore(work);
      const left = images.list();
      for (const layer of left[0]?.layers ?? []) expect(readdirSync(layer.path)).to.have.length(1);
      await images.close();
      expect(layersIn(work)).to.have.length(left.length * 3);
      expect(readdirSync(join(work, 'content'))).to.have.length(left.length * 2);
    }
  });

  it('in an examination that finds a corrupt layer, anywhere, has the image, or pulls it again', async () => {
    for (const afterMs of [5, 30, 90, 200]) {
      await expectWhole();
      const before = await openStore(work);
      writeFileSync(join(before.list()[0]?.layers[1]?.path ?? '', 'b/0'), 'rubbish');
      await before.close();
      await runAndKill('examine', afterMs);
      const images = await openStore(work);
      const seen = await images.examine(soon());
      // Found now, or before it was killed, and then either pulled again or not.
      expect(seen.corrupt.length).to.be.at.most(1);
      await images.pull(reference(), {}, soon());
      expect(await images.examine(soon())).to.deep.include({ corrupt: [], layers: 3 });
      await images.close();
      rmSync(join(work, 'quarantine'), { recursive: true, force: true });
    }
  });

  it('in an export or an import, anywhere, has what it had and nothing more', async () => {
    await expectWhole();
    const file = join(work, 'archive.gz');
    {
      const images = await openStore(work);
      const pieces: Buffer[] = [];
      for await (const piece of await images.export([reference()], soon())) pieces.push(Buffer.from(piece));
      writeFileSync(file, gzipSync(Buffer.concat(pieces)));
      await images.close();
    }
    for (const afterMs of [5, 40]) {
      await runAndKill('export', afterMs);
      await expectWhole();
    }
    for (const afterMs of [5, 60, 240]) {
      {
        const images = await openStore(work);
        await images.remove(reference(), soon());
        await images.close();
      }
      await runAndKill('import', afterMs, file);
      const images = await openStore(work);
      expect(readdirSync(join(work, 'ingest'))).to.deep.equal([]);
      const left = images.list();
      await images.close();
      expect(layersIn(work)).to.have.length(left.length * 3);
      const again = await openStore(work);
      expect(await again.import(file, {}, soon())).to.have.length(1);
      await again.close();
    }
  });
});

describe('a store on a small disk', function () {
  this.timeout(120_000);
  let work = '';
  let disk = '';
  before(() => {
    work = workDirectory();
    disk = join(work, 'disk');
    mkdirSync(disk);
    execFileSync('truncate', ['-s', '64M', join(work, 'image')]);
    execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', join(work, 'image')]);
    execFileSync('mount', ['-o', 'loop', join(work, 'image'), disk]);
  });
  after(() => {
    execFileSync('umount', [disk]);
    rmSync(work, { recursive: true });
  });

  it('refuses what does not fit, leaves nothing of it, and can be cleaned when it is full', async () => {
    const random = (size: number) => packLayer([{ kind: 'file', path: 'noise', data: Buffer.alloc(size, 'noise') }]);
    const small = await startStranger(buildImage({ layers: [random(8 << 20)], format: 'oci' }));
    const large = await startStranger(buildImage({ layers: [random(80 << 20)], format: 'oci' }));
    const images = await openStore(join(disk, 'store'));
    const kept = await images.pull(`${small.host}/test/image:1`, {}, soon());
    const error = await errorOf(images.pull(`${large.host}/test/image:1`, {}, soon()));
    expect(error, error.message).to.include({ code: 'resource_exhausted' });
    expect(images.list().map(({ id }) => id)).to.deep.equal([kept.id]);
    expect(layersIn(join(disk, 'store'))).to.have.length(1);

    execFileSync('sh', ['-c', `head -c 64M /dev/zero > ${join(disk, 'ballast')} || true`], { stdio: 'ignore' });
    expect(await errorOf(images.pull(`${large.host}/test/image:1`, {}, soon()))).to.include({
      code: 'resource_exhausted',
    });
    await images.remove(kept.id, soon());
    expect(layersIn(join(disk, 'store'))).to.deep.equal([]);
    await images.close();
    writeFileSync(join(disk, 'store/images/left.json.tmp'), '');
    const again = await openStore(join(disk, 'store'));
    rmSync(join(disk, 'ballast'));
    expect((await again.pull(`${small.host}/test/image:1`, {}, soon())).id).to.equal(kept.id);
    await again.close();
    await Promise.all([small.stop(), large.stop()]);
  });

  it('says so when an export or an import finds it full, leaves nothing of them, and does both when there is room', async () => {
    const noise = Buffer.alloc(10 << 20, 'noise');
    const served = await startStranger(
      buildImage({ layers: [packLayer([{ kind: 'file', path: 'noise', data: noise }])], format: 'oci' }),
    );
    const store = join(disk, 'other');
    const archive = join(work, 'archive.gz');
    const images = await openStore(store);
    await images.pull(`${served.host}/test/image:1`, {}, soon());
    const exported = async () => {
      const pieces: Buffer[] = [];
      for await (const piece of await images.export([`${served.host}/test/image:1`], soon()))
        pieces.push(Buffer.from(piece));
      return Buffer.concat(pieces);
    };
    const whole = await exported();
    writeFileSync(archive, gzipSync(whole));
    execFileSync('sh', ['-c', `head -c 64M /dev/zero > ${join(disk, 'ballast')} || true`], { stdio: 'ignore' });
    expect(await errorOf(exported())).to.include({ code: 'resource_exhausted' });
    expect(await errorOf(images.import(archive, {}, soon()))).to.include({ code: 'resource_exhausted' });
    expect(readdirSync(join(store, 'ingest'))).to.deep.equal([]);
    rmSync(join(disk, 'ballast'));
    expect((await exported()).equals(whole)).to.equal(true);
    const [before] = images.list();
    await images.remove(before?.id ?? '', soon());
    expect((await images.import(archive, {}, soon())).map(({ id }) => id)).to.deep.equal([before?.id]);
    await images.close();
    await served.stop();
  });
});
