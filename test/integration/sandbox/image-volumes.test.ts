import { expect } from 'chai';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Mount } from '../../../api/cri/v1/api.ts';
import { imageSpec } from '../../../hack/lib/cri-messages.ts';
import { ociArchive } from '../../../hack/lib/oci/archive.ts';
import { buildImage, packLayer } from '../../../hack/lib/oci/image.ts';
import { busyboxRootfs } from '../../fixtures/images/rootfs.ts';
import { imageInputs } from '../../fixtures/images/inputs.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { containerStatus, createContainer, removePod, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestPod } from '../../fixtures/pods.ts';
import { mounts } from '../../leftovers/kernel.ts';
import { fails, sh } from './lab.ts';

const reference = 'docker.io/test/volumes:1';
const data = 'docker.io/test/data:1';

/** busybox with a seeded volume, one that is not in the image, and one below another. */
function withVolumes() {
  const layer = packLayer([
    { kind: 'dir', path: 'data', mode: 0o750, uid: 1000, gid: 1001 },
    { kind: 'file', path: 'data/seed', data: 'of the image', mode: 0o640, uid: 1000, gid: 1001 },
    { kind: 'file', path: 'data/twin', data: 'x', mode: 0o4755 },
    { kind: 'hardlink', path: 'data/again', target: 'data/twin' },
    { kind: 'symlink', path: 'data/link', target: '/etc/passwd' },
    { kind: 'dir', path: 'data/ünïcode dir' },
    { kind: 'symlink', path: 'through', target: '/data' },
  ]);
  const Volumes = { '/data': {}, '/absent/below/': {}, '/covered': {}, '/': {} };
  return buildImage({ layers: [packLayer(busyboxRootfs(imageInputs())), layer], config: { Cmd: ['sh'], Volumes } });
}

/** Two layers: the upper one hides a file of the lower. */
function dataImage() {
  const lower = packLayer([
    { kind: 'dir', path: 'models' },
    { kind: 'file', path: 'models/a', data: 'A' },
    { kind: 'file', path: 'models/old', data: 'old' },
    { kind: 'file', path: 'tool', data: '#!/bin/sh\necho ran\n', mode: 0o755 },
    { kind: 'symlink', path: 'out', target: '../../../../etc/passwd' },
  ]);
  const upper = packLayer([{ kind: 'file', path: 'models/.wh.old', data: '' }]);
  return buildImage({ layers: [lower, upper] });
}

const wire = (image: string, containerPath: string, imageSubPath = ''): Mount => ({
  ...Mount.decode(new Uint8Array()),
  ...{ containerPath, imageSubPath, image: imageSpec(image) },
});

describe('volumes that come from images', () => {
  let cricket: Cricket;
  let pod: TestPod;
  before(async () => {
    cricket = await startCricket();
    await cricket.importImage(ociArchive(withVolumes(), reference));
    await cricket.importImage(ociArchive(dataImage(), data));
    pod = await runPod(cricket, { name: 'volumes' });
  });
  after(async () => cricket.stop());
  afterEach(async () => {
    const { containers } = await cricket.client.runtime.listContainers();
    for (const { id } of containers) await cricket.client.runtime.removeContainer({ containerId: id });
  });
  const ofContainer = (id: string) => mounts().filter(({ point }) => point.includes(id));

  describe('the VOLUMEs of its own image', () => {
    it('are directories of its own, holding what the image has there with owner and mode', async () => {
      const container = await runContainer(cricket, pod, { name: 'c', image: reference });
      expect(await sh(cricket, container, 'stat -c "%a %u %g" /data /data/seed /data/twin')).to.equal(
        '750 1000 1001\n640 1000 1001\n4755 0 0',
      );
      expect(await sh(cricket, container, 'cat /data/seed; readlink /data/link; ls -d "/data/ünïcode dir"')).to.equal(
        'of the image/etc/passwd\n/data/ünïcode dir',
      );
      expect(await sh(cricket, container, 'test /data/twin -ef /data/again; echo $?')).to.equal('0');
      expect(await sh(cricket, container, 'stat -c "%a %u" /absent/below; ls -A /absent/below')).to.equal('755 0');
    });

    it('are writable beside a read-only root file system, and start anew with each container', async () => {
      const wish = { image: reference, security: { readonlyRootfs: true } };
      const first = await runContainer(cricket, pod, { ...wish, name: 'first' });
      await sh(cricket, first, 'echo mine > /data/seed');
      const second = await runContainer(cricket, pod, { ...wish, name: 'second' });
      expect(await sh(cricket, second, 'cat /data/seed')).to.equal('of the image');
    });

    it('give way to a mount of the container, and go with the container', async () => {
      const host = join(cricket.logs, 'covering');
      const mount = { ...Mount.decode(new Uint8Array()), hostPath: host, containerPath: '/data/' };
      const container = await runContainer(cricket, pod, { name: 'c', image: reference, mounts: [mount] });
      expect(await sh(cricket, container, 'ls -A /data')).to.equal('');
      const volumes = join(cricket.root, 'containers', container.id, 'volumes');
      expect(readdirSync(volumes)).to.have.length(2);
      await cricket.client.runtime.removeContainer({ containerId: container.id });
      expect(existsSync(volumes)).to.equal(false);
    });
  });

  describe('an image as a volume', () => {
    it('shows its layers over each other, read-only, by id as the kubelet sends it or by name', async () => {
      const { image } = await cricket.client.image.imageStatus({ image: imageSpec(data) });
      for (const name of [image?.id ?? '', data]) {
        const container = await runContainer(cricket, pod, { name: 'c', mounts: [wire(name, '/m')] });
        expect(await sh(cricket, container, 'ls -A /m/models; cat /m/models/a; /m/tool')).to.equal('a\nAran');
        expect(await sh(cricket, container, 'touch /m/x 2>&1 || true')).to.contain('Read-only file system');
        await cricket.client.runtime.removeContainer({ containerId: container.id });
        expect(ofContainer(container.id)).to.deep.equal([]);
      }
    });

    it('shows a folder or a file of it, twice in one container, and never leaves it', async () => {
      const container = await runContainer(cricket, pod, {
        name: 'c',
        mounts: [wire(data, '/m', 'models'), wire(data, '/file', '/models/../models/a')],
      });
      expect(await sh(cricket, container, 'ls /m; cat /file')).to.equal('a\nA');
      const { mounts: told } = await containerStatus(cricket, container.id);
      const { image } = await cricket.client.image.imageStatus({ image: imageSpec(data) });
      const ref = image?.repoDigests[0] ?? image?.id;
      expect(told.map(({ image: of, imageSubPath }) => [of?.image, of?.imageRef, imageSubPath])).to.deep.equal([
        [data, ref, 'models'],
        [data, ref, '/models/../models/a'],
      ]);
      const outside = createContainer(cricket, pod, { name: 'd', mounts: [wire(data, '/m', 'out')] });
      await fails(outside, 'NOT_FOUND', /^ImageVolumeMountFailed: image .* has no path "out"/);
    });

    it('leaves nothing of a container whose sub path is absent', async () => {
      const before = mounts().length;
      const call = createContainer(cricket, pod, { name: 'c', mounts: [wire(data, '/m', 'models/old')] });
      await fails(call, 'NOT_FOUND', /^ImageVolumeMountFailed: /);
      expect(mounts().length).to.equal(before);
    });

    it('keeps its image from removal, after a restart of the daemon too', async () => {
      const container = await runContainer(cricket, pod, { name: 'c', mounts: [wire(data, '/m')] });
      const remove = async () => cricket.client.image.removeImage({ image: imageSpec(data) });
      await fails(remove(), 'FAILED_PRECONDITION', container.id);
      await cricket.restart();
      await fails(remove(), 'FAILED_PRECONDITION', container.id);
      expect(await sh(cricket, container, 'cat /m/models/a')).to.equal('A');
      await cricket.client.runtime.removeContainer({ containerId: container.id });
      expect(ofContainer(container.id)).to.deep.equal([]);
      await remove();
    });
  });

  it('go with their sandbox', async () => {
    await cricket.importImage(ociArchive(dataImage(), data));
    const other = await runPod(cricket, { name: 'other' });
    const container = await runContainer(cricket, other, { name: 'c', image: reference, mounts: [wire(data, '/m')] });
    await removePod(cricket, other.id);
    expect(ofContainer(container.id)).to.deep.equal([]);
  });
});
