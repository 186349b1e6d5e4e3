import { expect } from 'chai';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { createContainer, removePod, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestPod, TestWish } from '../../fixtures/pods.ts';
import { fails, sh } from './lab.ts';

describe('CDI devices', () => {
  const dir = mkdtempSync(join(tmpdir(), 'cricket-cdi-'));
  const [early, late] = [join(dir, 'early'), join(dir, 'late')];
  let cricket: Cricket;
  before(async () => {
    mkdirSync(late);
    cricket = await startCricket({ config: `cdi.spec_dirs = ["${early}", "${late}"]` });
  });
  after(async () => {
    await cricket.stop();
    rmSync(dir, { recursive: true });
  });
  beforeEach(() => {
    for (const directory of [early, late]) rmSync(directory, { recursive: true, force: true });
    mkdirSync(late);
  });

  const write = (file: string, spec: object | string) => {
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(
      file,
      typeof spec === 'string' ? spec : JSON.stringify({ cdiVersion: '0.6.0', kind: 'test.com/dev', ...spec }),
    );
  };
  const device = (name: string, containerEdits: object) => ({ name, containerEdits });
  const asking = (names: readonly string[], more: Partial<TestWish> = {}): TestWish => ({
    name: 'c',
    cdiDevices: names,
    ...more,
  });

  for (const handler of ['crun', 'runc'])
    describe(`with ${handler}`, () => {
      let pod: TestPod;
      before(async () => {
        pod = await runPod(cricket, { name: handler }, handler);
      });
      after(async () => removePod(cricket, pod.id));

      it('bring nodes, mounts, variables, groups and hooks', async () => {
        const library = join(dir, 'library');
        mkdirSync(library, { recursive: true });
        writeFileSync(join(library, 'so'), 'library');
        const seen = join(dir, `hook-${handler}`);
        write(join(late, 'a.json'), {
          annotations: { by: 'test' },
          containerEdits: {
            env: ['SHARED=yes', 'OVER=device'],
            additionalGids: [4242],
            mounts: [{ hostPath: library, containerPath: '/opt/lib', options: ['ro', 'nosuid'] }],
          },
          devices: [
            device('zero', { deviceNodes: [{ path: '/dev/test/zero', hostPath: '/dev/zero', permissions: 'r' }] }),
            device('full', {
              env: ['FULL=1'],
              deviceNodes: [{ path: '/dev/full7', type: 'c', major: 1, minor: 7, fileMode: 0o640, uid: 3, gid: 4 }],
              hooks: [
                {
                  hookName: 'createRuntime',
                  path: '/bin/sh',
                  args: ['sh', '-c', `cat > ${seen}; echo $H >> ${seen}`],
                  env: ['H=heard'],
                },
              ],
            }),
          ],
        });
        const security = { runAsUser: { value: 1000n } };
        const env = { OVER: 'container' };
        const container = await runContainer(
          cricket,
          pod,
          asking(['test.com/dev=zero', 'test.com/dev=full', 'test.com/dev=zero'], { name: 'all', env, security }),
        );
        const told = await sh(
          cricket,
          container,
          'echo $SHARED $OVER $FULL; cat /opt/lib/so; echo; stat -c "%t:%T %a %u %g" /dev/test/zero /dev/full7; id -G; ' +
            'head -c 3 /dev/test/zero | wc -c; touch /opt/lib/x 2>&1; grep -c " /opt/lib .*nosuid" /proc/self/mountinfo',
        );
        const lines = told.split('\n');
        expect(lines.slice(0, 6)).to.deep.equal([
          ...['yes device 1', 'library', '1:5 666 1000 0', '1:7 640 3 4', '0 4242', '3'],
        ]);
        expect(lines[6]).to.match(/Read-only/);
        expect(lines[7]).to.equal('1');
        const [state, heard] = [readFileSync(seen, 'utf8').slice(0, -6), readFileSync(seen, 'utf8').slice(-6)];
        expect([(JSON.parse(state) as { id: string }).id, heard]).to.deep.equal([container.id, 'heard\n']);
      });

      it('may be used as their permissions say', async () => {
        const kmsg = (permissions: string) =>
          device(permissions, { deviceNodes: [{ path: '/dev/kmsg7', hostPath: '/dev/kmsg', permissions }] });
        write(join(late, 'a.json'), { devices: [kmsg('r'), kmsg('w')] });
        // Opened, nothing is written.
        const open = async (name: string) => {
          const container = await runContainer(cricket, pod, asking([`test.com/dev=${name}`], { name }));
          return sh(cricket, container, '(: > /dev/kmsg7) 2>&1 && echo open || true');
        };
        expect(await open('w')).to.equal('open');
        expect(await open('r')).to.match(/not permitted/);
      });
    });

  describe('are found', () => {
    let pod: TestPod;
    before(async () => {
      pod = await runPod(cricket, { name: 'found' });
    });
    const env = async (name: string) => {
      const container = await runContainer(cricket, pod, asking(['test.com/dev=a'], { name }));
      return sh(cricket, container, 'echo $WHICH');
    };
    const which = (value: string) => ({ devices: [device('a', { env: [`WHICH=${value}`] })] });

    it('anew each time, the later directory first in right', async () => {
      write(join(early, 'x.json'), which('early'));
      expect(await env('one')).to.equal('early');
      write(join(late, 'y.json'), which('late'));
      expect(await env('two')).to.equal('late');
      rmSync(join(late, 'y.json'));
      expect(await env('three')).to.equal('early');
    });

    for (const version of ['0.3.0', '0.8.0', '1.0.0', '1.1.0'])
      it(`in files of version ${version}`, async () => {
        write(join(late, 'v.json'), { cdiVersion: version, ...which(version) });
        expect(await env(`v${version}`)).to.equal(version);
      });
  });

  describe('are refused', () => {
    let pod: TestPod;
    before(async () => {
      pod = await runPod(cricket, { name: 'refused' });
    });
    const refused = async (names: readonly string[], code: Parameters<typeof fails>[1], text: RegExp) => {
      await fails(createContainer(cricket, pod, asking(names)), code, text);
      const { containers } = await cricket.client.runtime.listContainers();
      expect(containers.map(({ metadata }) => metadata?.name)).to.not.include('c');
    };

    it('with what is there, where no file has them', async () => {
      await refused(['test.com/dev=no'], 'FAILED_PRECONDITION', /dev=no is not in .*early, .*late: there is none/);
      write(join(late, 'a.json'), { devices: [device('a', {}), device('b', {})] });
      await refused(
        ['test.com/dev=a', 'test.com/dev=no'],
        'FAILED_PRECONDITION',
        /there are test.com\/dev=a, test.com\/dev=b$/,
      );
    });

    it('with the files that cannot be read', async () => {
      write(join(late, 'a.yaml'), 'kind: test.com/dev');
      write(join(late, 'aa.yaml'), 'kind: [');
      write(join(late, 'b.json'), '{');
      write(join(late, 'c.json'), { devices: [device('a', { wings: 2 })] });
      write(join(late, 'd.json'), { cdiVersion: '2.0.0', devices: [device('a', {})] });
      write(join(late, 'e.json'), { devices: [device('a', {}), device('a', {})] });
      mkdirSync(join(late, 'f.json'));
      for (const said of [
        /a.yaml: cdiVersion/,
        /aa.yaml: it is not YAML/,
        /b.json: it is not JSON/,
        /c.json: .*wings/,
        /d.json: cdiVersion/,
      ])
        await refused(['test.com/dev=a'], 'FAILED_PRECONDITION', said);
      await refused(
        ['test.com/dev=a'],
        'FAILED_PRECONDITION',
        /e.json: devices: names a device twice.*f.json: it is no regular/,
      );
    });

    it('where two files of a directory have them', async () => {
      for (const name of ['a', 'b']) write(join(late, `${name}.json`), { devices: [device('a', {})] });
      await refused(['test.com/dev=a'], 'FAILED_PRECONDITION', /is in .*a.json and in .*b.json; remove one/);
    });

    it('by what is no name', async () => {
      for (const name of [
        'a',
        '=a',
        'test.com=a',
        'test.com/dev=',
        'test.com/dev=../x',
        `test.com/dev=${'ü'.repeat(900)}`,
      ])
        await refused([name], 'INVALID_ARGUMENT', /must be vendor\/class=name/);
    });

    it('with what cannot be done here, and a node that is not there', async () => {
      write(join(late, 'a.json'), {
        devices: [
          device('rdt', { intelRdt: { closID: 'x' } }),
          device('net', { netDevices: [{ hostInterfaceName: 'eth9', name: 'eth1' }] }),
          device('gone', { deviceNodes: [{ path: '/dev/no-such' }] }),
          device('file', { deviceNodes: [{ path: '/dev/x', hostPath: '/etc/passwd' }] }),
          device('block', { deviceNodes: [{ path: '/dev/zero', type: 'b' }] }),
        ],
      });
      await refused(['test.com/dev=rdt'], 'UNIMPLEMENTED', /intelRdt/);
      await refused(['test.com/dev=net'], 'UNIMPLEMENTED', /netDevices/);
      await refused(['test.com/dev=gone'], 'FAILED_PRECONDITION', /\/dev\/no-such: ENOENT/);
      await refused(['test.com/dev=file'], 'FAILED_PRECONDITION', /no device/);
      await refused(['test.com/dev=block'], 'FAILED_PRECONDITION', /type b, the host has c/);
    });

    it('where a hook fails, and nothing stays', async () => {
      write(join(late, 'a.json'), {
        devices: [device('a', { hooks: [{ hookName: 'createRuntime', path: '/bin/false' }] })],
      });
      await refused(['test.com/dev=a'], 'UNKNOWN', /hook|false/);
      expect(statSync(late).isDirectory() && existsSync(join(late, 'a.json'))).to.equal(true);
    });
  });
});
