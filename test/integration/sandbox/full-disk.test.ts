import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerState } from '../../../api/cri/v1/api.ts';
import { demoImage } from '../../../hack/lib/demo-image.ts';
import { ociArchive } from '../../../hack/lib/oci/archive.ts';
import { Cricket, demoReference } from '../../fixtures/daemon.ts';
import {
  containerStatus,
  createContainer,
  exited,
  podStatus,
  removePod,
  runContainer,
  runPod,
} from '../../fixtures/pods.ts';
import { fails, sh } from './lab.ts';

const run = (command: string, ...args: readonly string[]) => execFileSync(command, args, { stdio: 'pipe' });

describe('a full disk', () => {
  let cricket: Cricket;
  let dir: string;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'cricket-disk-'));
    const disk = join(dir, 'disk.img');
    writeFileSync(disk, '');
    truncateSync(disk, 48 << 20);
    run('mkfs.ext4', '-q', '-m', '0', disk);
    cricket = new Cricket({});
    mkdirSync(cricket.root);
    run('mount', '-o', 'loop', disk, cricket.root);
    await cricket.start();
    await cricket.importImage(ociArchive(demoImage(), demoReference));
  });
  after(async () => {
    await cricket.removePods();
    await cricket.sigterm();
    const { instance } = cricket;
    run('umount', cricket.root);
    writeFileSync(join(cricket.root, 'instance'), instance);
    await cricket.stop();
    rmSync(dir, { recursive: true });
  });
  afterEach(() => rmSync(join(cricket.root, 'filler'), { force: true }));

  /** Not a byte is left when this returns. */
  function fill(): void {
    const fd = openSync(join(cricket.root, 'filler'), 'w');
    for (let size = 1 << 20; size >= 1; size = Math.floor(size / 16))
      try {
        while (writeSync(fd, Buffer.alloc(size, 'x')) === size);
      } catch (error) {
        expect(error).to.have.property('code', 'ENOSPC');
      }
    closeSync(fd);
  }

  it('makes no sandbox and leaves nothing of it', async () => {
    fill();
    await fails(runPod(cricket, { name: 'a' }), 'RESOURCE_EXHAUSTED', 'free space');
    expect((await cricket.client.runtime.listPodSandbox()).items).to.deep.equal([]);
    expect(await cricket.left()).to.deep.equal([]);
  });

  it('makes no container and leaves nothing of it', async () => {
    const pod = await runPod(cricket, { name: 'a' });
    fill();
    await fails(createContainer(cricket, pod, { name: 'c' }), 'RESOURCE_EXHAUSTED', 'free space');
    expect((await cricket.client.runtime.listContainers()).containers).to.deep.equal([]);
    await removePod(cricket, pod.id);
    expect(await cricket.left()).to.deep.equal([]);
  });

  it('lets what runs go on, be looked at, stopped and removed, which frees space', async () => {
    const pod = await runPod(cricket, { name: 'a', ports: [{ hostPort: 28_766, containerPort: 80 }] });
    const container = await runContainer(cricket, pod, { name: 'c' });
    const short = await runContainer(cricket, pod, { name: 'short', command: ['sh', '-c', 'sleep 1; exit 3'] });
    fill();
    expect(await sh(cricket, container, 'echo still here')).to.equal('still here');
    expect((await podStatus(cricket, pod.id)).id).to.equal(pod.id);
    expect(await exited(cricket, short.id)).to.include({ exitCode: 3, reason: 'Error' });
    await cricket.client.runtime.stopContainer({ containerId: container.id, timeout: 5n });
    expect(await containerStatus(cricket, container.id)).to.include({
      ...{ state: ContainerState.CONTAINER_EXITED, exitCode: 0, reason: 'Completed' },
    });
    await cricket.client.runtime.removeContainer({ containerId: container.id });
    await removePod(cricket, pod.id);
    expect(await cricket.left()).to.deep.equal([]);
  });

  it('is survived by the daemon: after a start it knows what was there, and removes it', async () => {
    const pod = await runPod(cricket, { name: 'a', ports: [{ hostPort: 28_766, containerPort: 80 }] });
    const container = await runContainer(cricket, pod, { name: 'c' });
    fill();
    await cricket.restart();
    expect(await containerStatus(cricket, container.id)).to.include({ state: ContainerState.CONTAINER_RUNNING });
    await removePod(cricket, pod.id);
    expect(await cricket.left()).to.deep.equal([]);
  });

  it('is full no more when there is space again', async () => {
    fill();
    await fails(runPod(cricket, { name: 'a' }), 'RESOURCE_EXHAUSTED', 'free space');
    rmSync(join(cricket.root, 'filler'));
    const pod = await runPod(cricket, { name: 'a' });
    const container = await runContainer(cricket, pod, { name: 'c' });
    expect(await sh(cricket, container, 'echo works')).to.equal('works');
    await removePod(cricket, pod.id);
    expect(existsSync(container.logPath)).to.equal(true);
  });
});
