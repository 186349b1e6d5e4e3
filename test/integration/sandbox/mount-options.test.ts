import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MountPropagation } from '../../../api/cri/v1/api.ts';
import type { Mount } from '../../../api/cri/v1/api.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { containerStatus, createContainer, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestPod } from '../../fixtures/pods.ts';
import { execIn, fails, sh } from './lab.ts';

const run = (command: string, ...args: readonly string[]) => execFileSync(command, args, { stdio: 'pipe' });

describe('mount options and recursive read-only', () => {
  let cricket: Cricket;
  let dir: string;
  const programs = mkdtempSync(join(tmpdir(), 'cricket-runtimes-'));
  /** A runtime that knows neither `features` nor a version that we know. */
  const old = join(programs, 'old-runtime');
  before(async () => {
    const setOld = (text: string) => writeFileSync(old, text, { mode: 0o755 });
    setOld('#!/bin/sh\n[ "$1" = features ] && exit 1\n[ "$1" = --version ] && exit 1\nexec /usr/bin/crun "$@"\n');
    const config = `[runtimes.old]\npath = "${old}"\n[runtimes.gone]\npath = "${programs}/gone"\n`;
    cricket = await startCricket({ config });
    dir = mkdtempSync(join(tmpdir(), 'cricket-options-'));
    run('mount', '-t', 'tmpfs', 'cricket-test', dir);
    run('mount', '--make-private', dir);
    mkdirSync(join(dir, 'sub'));
    run('mount', '-t', 'tmpfs', 'cricket-test', join(dir, 'sub'));
    writeFileSync(join(dir, 'program'), '#!/bin/sh\necho ran\n', { mode: 0o755 });
  });
  after(async () => {
    await cricket.stop();
    run('umount', '-R', dir);
    for (const made of [dir, programs]) rmSync(made, { recursive: true });
  });

  const mount = (changes: Partial<Mount>): Partial<Mount> => ({ hostPath: dir, containerPath: '/m', ...changes });
  const flagsOf = async (pod: TestPod, name: string, changes: Partial<Mount>) => {
    const container = await runContainer(cricket, pod, { name, mounts: [mount(changes)] });
    const lines = (await sh(cricket, container, 'cat /proc/self/mountinfo')).split('\n').map((line) => line.split(' '));
    const at = (point: string) => lines.find((fields) => fields[4] === point)?.[5]?.split(',') ?? [];
    return { container, top: at('/m'), sub: at('/m/sub') };
  };

  it('are announced for the handlers that have them', async () => {
    const { runtimeHandlers, features } = await cricket.client.runtime.status({ verbose: false });
    expect(features?.mountOptions).to.equal(true);
    const told = new Map(runtimeHandlers.map((handler) => [handler.name, handler.features?.recursiveReadOnlyMounts]));
    expect(Object.fromEntries(told)).to.deep.equal({ '': true, crun: true, runc: true, old: false, gone: false });
    expect(runtimeHandlers[0]?.name).to.equal('');
  });

  for (const handler of ['crun', 'runc'])
    describe(`with ${handler}`, () => {
      let pod: TestPod;
      before(async () => {
        pod = await runPod(cricket, { name: handler }, handler);
      });

      it('set and clear flags of the mount, and are told again', async () => {
        const mountOptions = ['nosuid', 'nodev', 'noexec', 'noatime'];
        const { container, top } = await flagsOf(pod, 'set', { mountOptions });
        expect(top).to.include.members(mountOptions).and.include('rw');
        const refused = await execIn(cricket, container, ['sh', '-c', '/m/program']);
        expect(refused).to.include({ code: 126, stdout: '' });
        const { mounts } = await containerStatus(cricket, container.id);
        expect(mounts[0]?.mountOptions).to.deep.equal(mountOptions);
        run('mount', '-o', 'remount,bind,noexec,nodev', dir);
        const cleared = await flagsOf(pod, 'cleared', { mountOptions: ['exec', 'dev'], readonly: true });
        run('mount', '-o', 'remount,bind,exec,dev', dir);
        expect(cleared.top).to.include('ro').and.not.include('noexec').and.not.include('nodev');
        expect(await sh(cricket, cleared.container, '/m/program')).to.equal('ran');
      });

      it('make what is mounted below read-only too, or leave it', async () => {
        const plain = await flagsOf(pod, 'plain', { readonly: true });
        expect([plain.top[0], plain.sub[0]]).to.deep.equal(['ro', 'rw']);
        const recursive = { readonly: true, recursiveReadOnly: true, mountOptions: ['nosuid'] };
        const { container, top, sub } = await flagsOf(pod, 'recursive', recursive);
        expect([top[0], sub[0]]).to.deep.equal(['ro', 'ro']);
        expect(top).to.include('nosuid');
        const refused = await execIn(cricket, container, ['sh', '-c', 'touch /m/x; touch /m/sub/x']);
        expect(refused.stderr.match(/Read-only/gi)).to.have.length(2);
        const { mounts } = await containerStatus(cricket, container.id);
        expect(mounts[0]?.recursiveReadOnly).to.equal(true);
      });

      for (const propagation of [
        MountPropagation.PROPAGATION_HOST_TO_CONTAINER,
        MountPropagation.PROPAGATION_BIDIRECTIONAL,
      ])
        it(`refuse recursive read-only with propagation ${propagation}`, async () => {
          run('mount', '--make-shared', dir);
          const mounts = [mount({ readonly: true, recursiveReadOnly: true, propagation })];
          await fails(
            createContainer(cricket, pod, { name: 'no', mounts }),
            'INVALID_ARGUMENT',
            'needs private',
          ).finally(() => run('mount', '--make-private', dir));
        });
    });

  it('of an unknown name are refused with the known ones', async () => {
    const pod = await runPod(cricket, { name: 'unknown' });
    const mounts = [mount({ mountOptions: ['nosuid', 'ro'] })];
    await fails(createContainer(cricket, pod, { name: 'no', mounts }), 'INVALID_ARGUMENT', /"ro": known are nosuid,/);
    expect(
      (await cricket.client.runtime.listContainers()).containers.map(({ metadata }) => metadata?.name),
    ).to.not.include('no');
  });

  it('are refused by a runtime that has them not, until another program is in its place', async () => {
    const pod = await runPod(cricket, { name: 'old' }, 'old');
    const recursive = { name: 'rro', mounts: [mount({ readonly: true, recursiveReadOnly: true })] };
    await fails(createContainer(cricket, pod, recursive), 'UNIMPLEMENTED', /RROUnsupported: mount \/m: .*old-runtime/);
    const options = { name: 'options', mounts: [mount({ mountOptions: ['noexec'] })] };
    await fails(createContainer(cricket, pod, options), 'UNIMPLEMENTED', 'does not know the mount options noexec');
    writeFileSync(
      `${old}.new`,
      '#!/bin/sh\n[ "$1" = features ] && exec echo \'{"mountOptions":["rro","noexec"]}\'\nexec /usr/bin/crun "$@"\n',
      { mode: 0o755 },
    );
    run('mv', `${old}.new`, old);
    await runContainer(cricket, pod, recursive);
    await runContainer(cricket, pod, options);
  });
});
