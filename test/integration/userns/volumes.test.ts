import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Mount, MountPropagation } from '../../../api/cri/v1/api.ts';
import { imageSpec } from '../../../hack/lib/cri-messages.ts';
import { ociArchive } from '../../../hack/lib/oci/archive.ts';
import { buildImage, packLayer } from '../../../hack/lib/oci/image.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { imageInputs } from '../../fixtures/images/inputs.ts';
import { busyboxRootfs } from '../../fixtures/images/rootfs.ts';
import { containerStatus, createContainer, removePod, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestPod } from '../../fixtures/pods.ts';
import { mounts } from '../../leftovers/kernel.ts';
import { execIn, fails, sh } from '../sandbox/lab.ts';
import { mapped, range, users } from './lab.ts';

const hostId = 1_000_000;
const run = (command: string, ...args: readonly string[]) => execFileSync(command, args, { stdio: 'pipe' });
const reference = 'docker.io/test/owned:1';

/** busybox with files of two owners, in directories that it declares as volumes. */
function owned() {
  const layer = packLayer([
    { kind: 'dir', path: 'data', mode: 0o750, uid: 1000, gid: 1001 },
    { kind: 'file', path: 'data/seed', data: 'x', uid: 1000, gid: 1001 },
    { kind: 'file', path: 'roots', data: 'x' },
  ]);
  const Volumes = { '/data': {}, '/absent': {} };
  return buildImage({ layers: [packLayer(busyboxRootfs(imageInputs())), layer], config: { Cmd: ['sh'], Volumes } });
}

describe('volumes of pods with a user namespace', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  let dir: string;
  let tmpfs: string;
  before(async () => {
    cricket = await startCricket();
    await cricket.importImage(ociArchive(owned(), reference));
    dir = mkdtempSync(join(tmpdir(), 'cricket-users-'));
    tmpfs = join(dir, 'tmpfs');
    mkdirSync(tmpfs);
    run('mount', '-t', 'tmpfs', '-o', 'nosuid,nodev,noexec', 'cricket-test', tmpfs);
    run('mount', '--make-private', tmpfs);
    writeFileSync(join(tmpfs, 'secret'), 'secret');
    for (const name of ['volume', 'volume/sub', 'plain']) mkdirSync(join(dir, name));
    run('mount', '-t', 'tmpfs', 'cricket-test', join(dir, 'volume/sub'));
    writeFileSync(join(dir, 'volume/roots'), '');
    writeFileSync(join(dir, 'volume/users'), '');
    chownSync(join(dir, 'volume/users'), 1000, 1001);
    writeFileSync(join(dir, 'message'), '');
  });
  after(async () => {
    try {
      await cricket.stop();
    } finally {
      for (const below of ['volume/sub', 'tmpfs']) run('umount', join(dir, below));
      rmSync(dir, { recursive: true });
    }
  });

  const volume = (changes: Partial<Mount>) =>
    mapped(hostId, { hostPath: join(dir, 'volume'), containerPath: '/v', ...changes });

  for (const handler of ['crun', 'runc'])
    describe(`with ${handler}`, () => {
      let pod: TestPod;
      before(async () => (pod = await runPod(cricket, { name: handler, namespaces: users(hostId) }, handler)));
      after(async () => {
        await removePod(cricket, pod.id);
        expect(await cricket.left()).to.deep.equal([]);
      });

      it('show the owners on the disk as those inside, and write them back so', async () => {
        const file = { hostPath: join(dir, 'message'), containerPath: '/dev/termination-log' };
        const container = await runContainer(cricket, pod, { name: 'a', mounts: [volume({}), mapped(hostId, file)] });
        const listed = await sh(cricket, container, 'stat -c "%u:%g" /v/roots /v/users /v/sub /dev/termination-log');
        expect(listed.split('\n')).to.deep.equal(['0:0', '1000:1001', '0:0', '0:0']);
        await sh(
          cricket,
          container,
          'echo > /v/new; chown 7:8 /v/new; echo > /v/sub/new; echo ended > /dev/termination-log',
        );
        expect(statSync(join(dir, 'volume/new'))).to.include({ uid: 7, gid: 8 });
        expect(statSync(join(dir, 'volume/sub/new'))).to.include({ uid: 0, gid: 0 });
        expect(statSync(join(dir, 'message'))).to.include({ uid: 0, gid: 0, size: 6 });
        rmSync(join(dir, 'volume/new'));
        const status = await containerStatus(cricket, container.id);
        expect(status.mounts[0]).to.deep.include({ uidMappings: [range(hostId)], gidMappings: [range(hostId)] });
        expect(mounts().filter(({ point }) => point.includes(`${container.id}/shifted`))).to.deep.equal([]);
      });

      it('can be read-only, of a file system with flags of its own, and of another without a mapping', async () => {
        const secret = mapped(hostId, { hostPath: tmpfs, containerPath: '/secret', readonly: true });
        const recursive = volume({ readonly: true, recursiveReadOnly: true, containerPath: '/ro' });
        const plain = { hostPath: join(dir, 'plain'), containerPath: '/plain' };
        const wish = { name: 'b', mounts: [secret, recursive, plain] };
        const container = await runContainer(cricket, pod, wish);
        expect(await sh(cricket, container, 'cat /secret/secret; stat -c " %u" /secret/secret /plain')).to.equal(
          'secret 0\n 65534',
        );
        for (const path of ['/secret/x', '/ro/x', '/ro/sub/x', '/plain/x'])
          expect((await execIn(cricket, container, ['touch', path])).code, path).not.to.equal(0);
      });

      it('let mounts of the host through where asked', async () => {
        const { PROPAGATION_HOST_TO_CONTAINER: propagation } = MountPropagation;
        const shared = join(dir, `shared-${handler}`);
        mkdirSync(shared);
        run('mount', '--bind', shared, shared);
        try {
          run('mount', '--make-shared', shared);
          const wish = { hostPath: shared, containerPath: '/s', propagation };
          const container = await runContainer(cricket, pod, { name: 'c', mounts: [mapped(hostId, wish)] });
          mkdirSync(join(shared, 'late'));
          run('mount', '-t', 'tmpfs', 'cricket-test', join(shared, 'late'));
          expect(await sh(cricket, container, 'grep -c " /s/late " /proc/self/mountinfo')).to.equal('1');
        } finally {
          run('umount', '-R', shared);
        }
      });

      it('that are images, or declared by one, have its owners', async () => {
        const image = { ...Mount.decode(new Uint8Array()), containerPath: '/image', image: imageSpec(reference) };
        const mount = mapped(hostId, image);
        const container = await runContainer(cricket, pod, { name: 'd', image: reference, mounts: [mount] });
        const paths = '/data /data/seed /absent /roots /image/data/seed /image/roots';
        const listed = await sh(cricket, container, `stat -c %u:%g ${paths}; touch /data/new /absent/new`);
        expect(listed.split('\n')).to.deep.equal(['1000:1001', '1000:1001', '0:0', '0:0', '1000:1001', '0:0']);
        expect((await execIn(cricket, container, ['touch', '/image/x'])).code).not.to.equal(0);
      });
    });

  it('are refused with mappings that are not those of the pod, and where a file system cannot', async () => {
    const pod = await runPod(cricket, { name: 'refused', namespaces: users(hostId) });
    const host = await runPod(cricket, { name: 'host' });
    const others = mapped(hostId + 1, { hostPath: dir, containerPath: '/v' });
    await fails(createContainer(cricket, pod, { name: 'a', mounts: [others] }), 'INVALID_ARGUMENT', 'these are others');
    await fails(createContainer(cricket, host, { name: 'a', mounts: [others] }), 'INVALID_ARGUMENT', 'it has none');
    const proc = mapped(hostId, { hostPath: '/proc/sys', containerPath: '/v' });
    const message = 'mount source /proc/sys for /v: the file system of /proc/sys cannot show files with the owners';
    // The refusal of the first comes while the others are being mounted.
    const late = Array.from({ length: 30 }, (_, index) => volume({ containerPath: `/v${index}` }));
    await fails(createContainer(cricket, pod, { name: 'a', mounts: [proc, ...late] }), 'FAILED_PRECONDITION', message);
    await Promise.all([removePod(cricket, pod.id), removePod(cricket, host.id)]);
    expect(await cricket.left()).to.deep.equal([]);
  });
});
