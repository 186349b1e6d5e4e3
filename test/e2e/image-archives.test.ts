import { expect } from 'chai';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { imageSpec } from '../../hack/lib/cri-messages.ts';
import { ociArchive } from '../../hack/lib/oci/archive.ts';
import { buildImage, packLayer } from '../../hack/lib/oci/image.ts';
import { encodeTar } from '../../hack/lib/oci/tar.ts';
import { imageInputs } from '../fixtures/images/inputs.ts';
import { busyboxRootfs } from '../fixtures/images/rootfs.ts';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { runContainer, runPod } from '../fixtures/pods.ts';
import { sh } from '../integration/sandbox/lab.ts';
import { repository } from './commands.ts';

describe('archives of images', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  let dir: string;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'cricket-image-archives-'));
    cricket = await startCricket();
    const base = packLayer(busyboxRootfs(imageInputs()));
    const more = packLayer([{ kind: 'file', path: 'ünïcode', data: Buffer.alloc(3_000_000, 'x') }]);
    const config = { Cmd: ['sh'], Env: ['A=b'] };
    await cricket.importImage(ociArchive(buildImage({ layers: [base, more], config }), 'docker.io/test/one:1'));
    await cricket.importImage(ociArchive(buildImage({ layers: [base] }), 'docker.io/test/two:1'));
  });
  after(async () => {
    await cricket.stop();
    rmSync(dir, { recursive: true });
  });
  function cli(...args: string[]): { code: number | null; out: Buffer; err: string } {
    const all = ['src/server/main.ts', 'images', ...args, '--config', cricket.config];
    const ended = spawnSync('hack/node', all, { cwd: repository, maxBuffer: 1 << 26 });
    return { code: ended.status, out: ended.stdout, err: ended.stderr.toString() };
  }
  const idOf = async (name: string) => {
    const { images } = await cricket.client.image.listImages({ filter: undefined });
    return images.find(({ repoTags }) => repoTags.includes(name))?.id;
  };
  const removeAll = () => cli('prune', '--all');

  it('are exported so that skopeo reads them in both forms, and come back under the same ids', async () => {
    const file = join(dir, 'both.tar');
    const ids = [await idOf('docker.io/test/one:1'), await idOf('docker.io/test/two:1')];
    expect(cli('export', 'test/one:1', 'test/two:1', '--output', file)).to.include({ code: 0, err: '' });
    const config = (from: string) =>
      JSON.parse(execFileSync('skopeo', ['inspect', '--config', from], { encoding: 'utf8' })) as { config: unknown };
    const single = join(dir, 'single.tar');
    expect(cli('export', 'test/one:1', '-o', single).code).to.equal(0);
    for (const from of [`docker-archive:${file}:docker.io/test/one:1`, `oci-archive:${single}:1`])
      expect(config(from).config).to.deep.include({ Cmd: ['sh'] });
    execFileSync('skopeo', ['copy', '-q', `docker-archive:${file}:docker.io/test/one:1`, `dir:${join(dir, 'copied')}`]);
    removeAll();
    expect(await idOf('docker.io/test/one:1')).to.equal(undefined);
    expect(cli('import', file).code).to.equal(0);
    expect([await idOf('docker.io/test/one:1'), await idOf('docker.io/test/two:1')]).to.deep.equal(ids);
    expect(cli('export', 'test/one:1', 'test/two:1').out.equals(readFileSync(file))).to.equal(true);
    expect(readdirSync(join(cricket.root, 'ingest'))).to.deep.equal([]);
  });

  it('are not begun when something is wrong', () => {
    const file = join(dir, 'none.tar');
    expect(cli('export', 'test/one:1', 'absent', '-o', file).err).to.match(/image absent: not here/);
    expect(cli('export', 'test/one:1', '-o', join(dir, 'no/such/none.tar')).err).to.match(/none.tar: ENOENT/);
    expect([existsSync(file), existsSync(`${file}.partial`)]).to.deep.equal([false, false]);
  });

  it('of a root file system become an image that runs', async () => {
    const file = join(dir, 'rootfs.tar.gz');
    writeFileSync(file, gzipSync(encodeTar(busyboxRootfs(imageInputs()))));
    expect(cli('import', file, '--rootfs').err).to.match(/needs a name with a tag; give it with --name/);
    expect(cli('import', file, '--rootfs', '--name', 'mine/rootfs:1').out.toString()).to.equal(
      'imported docker.io/mine/rootfs:1\n',
    );
    const pod = await runPod(cricket, { name: 'rootfs' });
    const container = await runContainer(cricket, pod, { name: 'c', image: 'mine/rootfs:1' });
    expect(await sh(cricket, container, 'echo runs')).to.equal('runs');
    await cricket.client.runtime.removePodSandbox({ podSandboxId: pod.id });
  });

  it('are examined by cricket check --images', async () => {
    const check = () =>
      spawnSync('hack/node', ['src/server/main.ts', 'check', '--images', '--config', cricket.config], {
        cwd: repository,
        encoding: 'utf8',
      }).stdout;
    expect(check()).to.match(/ok +image layers +\d+ read and whole\n/);
    const { info } = await cricket.client.image.imageStatus({ image: imageSpec('test/one:1'), verbose: true });
    const [bottom] = (JSON.parse(info['info'] ?? '') as { imageSpec: { rootfs: { diff_ids: string[] } } }).imageSpec
      .rootfs.diff_ids;
    const layers = join(cricket.root, 'layers');
    const home = readdirSync(layers).find((name) =>
      readFileSync(join(layers, name, 'layer.json'), 'utf8').includes(bottom ?? '?'),
    );
    writeFileSync(join(layers, home ?? '', 'fs/bin/busybox'), 'rubbish');
    expect(check()).to.match(
      /warn +image layers +sha256:.* is corrupt: (.|\n)*fail +image +docker.io\/test\/.* is lost: it came from no registry/,
    );
    expect(await idOf('docker.io/test/one:1')).to.equal(undefined);
  });
});
