import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MountPropagation, SecurityProfile, SecurityProfile_ProfileType } from '../../../api/cri/v1/api.ts';
import type { Mount } from '../../../api/cri/v1/api.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import { containerStatus, createContainer, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../../fixtures/pods.ts';
import { execIn, fails, sh } from './lab.ts';

const {
  PROPAGATION_PRIVATE: PRIVATE,
  PROPAGATION_HOST_TO_CONTAINER: FROM_HOST,
  PROPAGATION_BIDIRECTIONAL: BOTH,
} = MountPropagation;
const run = (command: string, ...args: readonly string[]) => execFileSync(command, args, { stdio: 'pipe' });

describe('mounts of a container', () => {
  let cricket: Cricket;
  let pod: TestPod;
  let dir: string;
  before(async () => {
    cricket = await startCricket();
    pod = await runPod(cricket, { name: 'a' });
    dir = mkdtempSync(join(tmpdir(), 'cricket-mounts-'));
    // A shared mount of the test's own: the machine's / may be private.
    run('mount', '-t', 'tmpfs', 'cricket-test', dir);
    run('mount', '--make-shared', dir);
  });
  after(async () => {
    await cricket.stop();
    run('umount', '-R', dir);
    rmSync(dir, { recursive: true });
  });
  afterEach(async () => {
    const { containers } = await cricket.client.runtime.listContainers();
    for (const { id } of containers) await cricket.client.runtime.removeContainer({ containerId: id });
  });

  const mounted = async (...mounts: readonly Partial<Mount>[]) => runContainer(cricket, pod, { name: 'c', mounts });
  const fails1 = async (mount: Partial<Mount>, code: Parameters<typeof fails>[1], said: string) =>
    fails(createContainer(cricket, pod, { name: 'c', mounts: [mount] }), code, said);
  /** A new folder on the shared mount, with a file in it. */
  function source(name: string): string {
    const path = join(dir, name);
    mkdirSync(path);
    writeFileSync(join(path, 'file'), name);
    return path;
  }

  it('show the source, writable or not, at the place named', async () => {
    const [a, b] = [source('writable'), source('readonly')];
    const container = await mounted(
      { hostPath: a, containerPath: '/new/deep/place' },
      { hostPath: b, containerPath: '/etc/b/', readonly: true },
      { hostPath: join(b, 'file'), containerPath: '/etc/motd', readonly: true },
    );
    expect(await sh(cricket, container, 'cat /new/deep/place/file /etc/b/file /etc/motd')).to.equal(
      'writablereadonlyreadonly',
    );
    await sh(cricket, container, 'echo changed > /new/deep/place/file');
    expect(readFileSync(join(a, 'file'), 'utf8')).to.equal('changed\n');
    const refused = await execIn(cricket, container, ['sh', '-c', 'touch /etc/b/x; echo x > /etc/motd']);
    expect(refused.stderr.match(/Read-only/gi)).to.have.length(2);
    const { mounts } = await containerStatus(cricket, container.id);
    expect(mounts.map(({ hostPath, readonly }) => [hostPath, readonly])).to.deep.equal([
      [a, false],
      [b, true],
      [join(b, 'file'), true],
    ]);
  });

  it('may lie in each other, whatever their order', async () => {
    const [outer, inner] = [source('outer'), source('inner')];
    const container = await mounted(
      { hostPath: inner, containerPath: '/m/in' },
      { hostPath: outer, containerPath: '/m' },
    );
    expect(await sh(cricket, container, 'cat /m/file /m/in/file')).to.equal('outerinner');
  });

  it('follow a symlink of the host to its end', async () => {
    const target = source('target');
    symlinkSync(target, join(dir, 'link'));
    expect(
      await sh(cricket, await mounted({ hostPath: join(dir, 'link'), containerPath: '/m' }), 'cat /m/file'),
    ).to.equal('target');
  });

  it('make a missing source a directory of root, 0755', async () => {
    const missing = join(dir, 'not/there/yet');
    await mounted({ hostPath: missing, containerPath: '/m' });
    const { mode, uid, gid } = statSync(missing);
    expect([mode & 0o7777, uid, gid]).to.deep.equal([0o755, 0, 0]);
  });

  describe('with propagation', () => {
    /** Whether a mount made on one side after the start is seen on the other. */
    async function crossings(propagation: MountPropagation) {
      const path = source(`p${propagation}`);
      mkdirSync(join(path, 'host'));
      mkdirSync(join(path, 'inside'));
      const privileged = await mountingContainer(path, propagation);
      run('mount', '-t', 'tmpfs', 'from-host', join(path, 'host'));
      writeFileSync(join(path, 'host', 'seen'), '');
      const fromHost = (await sh(cricket, privileged, 'ls /m/host')) === 'seen';
      await sh(cricket, privileged, 'mount -t tmpfs x /m/inside && touch /m/inside/seen');
      const toHost = existsSync(join(path, 'inside', 'seen'));
      await sh(cricket, privileged, 'umount /m/inside');
      run('umount', join(path, 'host'));
      return { fromHost, toHost };
    }

    async function mountingContainer(hostPath: string, propagation: MountPropagation): Promise<TestContainer> {
      const security = {
        capabilities: { addCapabilities: ['SYS_ADMIN'], dropCapabilities: [], addAmbientCapabilities: [] },
        // The profile of every container lets nobody mount.
        apparmor: filled(SecurityProfile, { profileType: SecurityProfile_ProfileType.Unconfined }),
      };
      const mounts = [{ hostPath, containerPath: '/m', propagation }];
      return runContainer(cricket, pod, { name: 'c', mounts, security });
    }

    for (const [what, propagation, expected] of [
      ['private: neither way', PRIVATE, { fromHost: false, toHost: false }],
      ['from the host: one way', FROM_HOST, { fromHost: true, toHost: false }],
      ['bidirectional: both ways', BOTH, { fromHost: true, toHost: true }],
    ] as const)
      it(what, async () => {
        expect(await crossings(propagation)).to.deep.equal(expected);
      });

    it('bidirectional from a source that is not shared is refused with a way out', async () => {
      const hidden = source('hidden');
      run('mount', '-t', 'tmpfs', 'hidden', hidden);
      run('mount', '--make-private', hidden);
      const mount = { hostPath: hidden, containerPath: '/m', propagation: BOTH };
      await fails1(mount, 'INVALID_ARGUMENT', 'shared').finally(() => run('umount', hidden));
    });
  });

  for (const [what, mount, said] of [
    ['no source', { hostPath: '', containerPath: '/m' }, 'host_path is empty'],
    ['a relative source', { hostPath: 'etc', containerPath: '/m' }, 'not an absolute path'],
    ['no place', { hostPath: '/etc', containerPath: '' }, 'container_path is empty'],
    ['the root as its place', { hostPath: '/etc', containerPath: '/' }, 'mount'],
    ['a source below a file', { hostPath: '/etc/passwd/x', containerPath: '/m' }, 'neither be found nor made'],
    ['a source that cannot be made', { hostPath: '/proc/no-such', containerPath: '/m' }, 'neither be found nor made'],
    ['a source with a NUL', { hostPath: '/etc\0/x', containerPath: '/m' }, 'NUL'],
    ['a loop of symlinks', { hostPath: '/tmp/cricket-loop-test', containerPath: '/m' }, 'neither be found nor made'],
    [
      'an unknown propagation',
      { hostPath: '/etc', containerPath: '/m', propagation: 7 as MountPropagation },
      'propagation is 7',
    ],
    [
      'recursive read-only that is not read-only',
      { hostPath: '/etc', containerPath: '/m', recursiveReadOnly: true },
      'recursive read-only',
    ],
  ] as const)
    it(`are not ${what}, and leave nothing`, async () => {
      const loop = '/tmp/cricket-loop-test';
      rmSync(loop, { force: true });
      symlinkSync(loop, loop);
      await fails1(mount, 'INVALID_ARGUMENT', said).finally(() => rmSync(loop));
      const { containers } = await cricket.client.runtime.listContainers();
      expect(containers).to.deep.equal([]);
    });

  for (const [what, mount] of [
    ['a place below a file', { hostPath: '/etc', containerPath: '/etc/passwd/x' }],
    ['a file where a directory is', { hostPath: '/etc/passwd', containerPath: '/etc' }],
  ] as const)
    it(`are not ${what}, which is said at the start`, async () => {
      const { id } = await createContainer(cricket, pod, { name: 'c', mounts: [mount] });
      const start = cricket.client.runtime.startContainer({ containerId: id });
      await fails(start, 'FAILED_PRECONDITION', /Not a directory.*; /);
      await cricket.client.runtime.removeContainer({ containerId: id });
    });
});
