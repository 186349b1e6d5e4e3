import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { buildImage, packLayer } from '../../../hack/lib/oci/image.ts';
import type { TarEntry } from '../../../hack/lib/oci/tar.ts';
import { errorOf, layersIn, openStore, soon, workDirectory } from '../../integration/images/lab.ts';
import { startStranger } from '../../integration/images/stranger.ts';
import type { Stranger } from '../../integration/images/stranger.ts';

const names = ['a', 'b'];
const entries = (name: string): TarEntry[] => [
  { kind: 'dir', path: name },
  { kind: 'file', path: `${name}/file`, data: name.repeat(200_000) },
  { kind: 'hardlink', path: `${name}/link`, target: `${name}/file` },
  { kind: 'symlink', path: `${name}/symlink`, target: 'file' },
];
const image = buildImage({ layers: names.map((name) => packLayer(entries(name), 'none')), format: 'oci' });
const program = join(import.meta.dirname, '../../integration/images/puller.ts');

/** Calls that change a directory or make a change last; Node itself makes next to none of them. */
const needSpace = ['mkdir', 'mkdirat', 'rename', 'linkat', 'symlinkat', 'fsync', 'fdatasync', 'syncfs'];
const changes = [...needSpace, 'unlink', 'unlinkat', 'rmdir', 'ftruncate'];
/** More than any thread of the daemon makes of one of them. */
const most = 40;

describe('an image store at every step of its daemon', function () {
  this.timeout(900_000);
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

  /** Runs a daemon that meets `fate` at `call` number `count` of some thread. Whether it came to its end all the same. */
  async function run(verb: 'pull' | 'remove', call: string, fate: string, count: number): Promise<boolean> {
    const trace = ['-f', '-qq', '-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${call}:${fate}:when=${count}`];
    // One thread for all that Node does in the background: then its calls come one after the other.
    const env = { PATH: process.env['PATH'], UV_THREADPOOL_SIZE: '1' };
    const child = spawn('strace', [...trace, process.execPath, program, work, verb, reference()], {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let said = '';
    child.stdout.on('data', (piece: Buffer) => (said += piece.toString()));
    await new Promise((resolve) => child.once('close', resolve));
    return said.includes('done');
  }

  async function expectWhole(about: string): Promise<void> {
    const images = await openStore(work);
    const pulled = await images.pull(reference(), {}, soon());
    for (const [index, layer] of pulled.layers.entries())
      expect(readdirSync(join(layer.path, names[index] ?? '')), about).to.have.members(['file', 'link', 'symlink']);
    await images.close();
    expect(layersIn(work), about).to.have.length(2);
    expect(readdirSync(join(work, 'images')), about).to.have.length(1);
    expect(readdirSync(join(work, 'content')), about).to.have.length(2);
    expect(readdirSync(join(work, 'ingest')), about).to.deep.equal([]);
  }

  for (const [what, calls, fate] of [
    ['is killed', changes, 'signal=SIGKILL'],
    ['finds the disk full', needSpace, 'error=ENOSPC'],
  ] as const)
    it(`that pulls and ${what}: the next one has the image or pulls it, and nothing more`, async () => {
      let harmed = 0;
      for (const call of calls)
        for (let count = 1; count < most; count += 1) {
          const unharmed = await run('pull', call, fate, count);
          await expectWhole(`${call} number ${count}`);
          rmSync(work, { recursive: true });
          mkdirSync(work);
          if (unharmed) break;
          harmed += 1;
        }
      expect(harmed).to.be.greaterThan(10);
    });

  it('that removes and is killed: the next one has the image whole or not at all', async () => {
    let harmed = 0;
    for (const call of changes)
      for (let count = 1; count < most; count += 1) {
        await expectWhole(`before removal at ${call} ${count}`);
        const unharmed = await run('remove', call, 'signal=SIGKILL', count);
        const images = await openStore(work);
        const left = images.list();
        for (const [index, layer] of (left[0]?.layers ?? []).entries())
          expect(readdirSync(join(layer.path, names[index] ?? ''))).to.have.length(3);
        await images.close();
        expect(layersIn(work)).to.have.length(left.length * 2);
        expect(readdirSync(join(work, 'content'))).to.have.length(left.length * 2);
        if (unharmed) break;
        harmed += 1;
      }
    expect(harmed).to.be.greaterThan(3);
  });
});

describe('an image store on a disk with ever less space', function () {
  this.timeout(600_000);
  let work = '';
  let disk = '';
  before(() => {
    work = workDirectory();
    disk = join(work, 'disk');
    mkdirSync(disk);
    execFileSync('truncate', ['-s', '24M', join(work, 'image')]);
    execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', '-O', '^has_journal', join(work, 'image')]);
    execFileSync('mount', ['-o', 'loop', join(work, 'image'), disk]);
  });
  after(() => {
    execFileSync('umount', [disk]);
    rmSync(work, { recursive: true });
  });

  it('keeps nothing of what does not fit, wherever it ends, and takes it once there is space', async () => {
    const random = (name: string): TarEntry[] =>
      Array.from({ length: 40 }, (_, index) => ({ kind: 'file', path: `${name}${index}`, data: name.repeat(20_000) }));
    const layers = names.map((name) => packLayer(random(name), 'none'));
    const stranger = await startStranger(buildImage({ layers, format: 'oci' }));
    const root = join(disk, 'store');
    const ballast = join(disk, 'ballast');
    const codes = new Set<unknown>();
    for (let freeKib = 0; freeKib < 6000; freeKib += 150) {
      const images = await openStore(root);
      const { bavail, bsize } = statfsSync(disk);
      const size = Math.max(0, bavail * bsize - freeKib * 1024);
      execFileSync('fallocate', ['-l', String(Math.max(1, size)), ballast]);
      const error = await errorOf(images.pull(`${stranger.host}/test/image:1`, {}, soon()));
      codes.add(error.code);
      if (error.code !== undefined) {
        expect(error, error.message).to.include({ code: 'resource_exhausted' });
        expect(images.list()).to.deep.equal([]);
        expect(layersIn(root)).to.deep.equal([]);
      }
      rmSync(ballast);
      const { id } = await images.pull(`${stranger.host}/test/image:1`, {}, soon());
      writeFileSync(ballast, Buffer.alloc(1));
      await images.remove(id, soon());
      await images.close();
      rmSync(ballast);
      expect(layersIn(root)).to.deep.equal([]);
    }
    expect(codes).to.deep.equal(new Set(['resource_exhausted', undefined]));
    await stranger.stop();
  });
});
