import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import {
  NamespaceMode,
  NamespaceOption,
  SecurityProfile,
  SecurityProfile_ProfileType,
} from '../../../api/cri/v1/api.ts';
import type { LinuxContainerSecurityContext } from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import { appArmorIsOn } from '../../../src/linux/apparmor.ts';
import { defaultProfile } from '../../../src/sandbox/apparmor/profile.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { createContainer, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestPod } from '../../fixtures/pods.ts';
import { execIn, fails, initPid, sh } from '../sandbox/lab.ts';

const { RuntimeDefault, Unconfined, Localhost } = SecurityProfile_ProfileType;
const profile = (profileType: SecurityProfile_ProfileType, localhostRef = '') =>
  filled(SecurityProfile, { profileType, localhostRef });

const ofPod = filled(NamespaceOption, { pid: NamespaceMode.POD });

/** Profiles are the whole machine's: one of this test, and gone with it. */
const denying = `cricket-test-no-writes-${process.pid}`;
const parser = (option: string) =>
  execFileSync('apparmor_parser', [option, '-K'], {
    input: `profile ${denying} flags=(attach_disconnected) { file, capability, signal, deny /** w, }`,
    stdio: ['pipe', 'ignore', 'pipe'],
  });

describe(`AppArmor, ${appArmorIsOn() ? 'where it is on' : 'where it is off'}`, () => {
  let cricket: Cricket;
  before(async () => {
    cricket = await startCricket();
  });
  after(async () => cricket.stop());

  let names = 0;
  const wish = (security: Partial<LinuxContainerSecurityContext>) => ({ name: `c${names++}`, security });
  const summary = async () => {
    const { info } = await cricket.client.runtime.status({ verbose: true });
    return (JSON.parse(info['security'] ?? '') as { readonly apparmor: object }).apparmor;
  };
  it('has a profile of its own that apparmor_parser takes', () => {
    const input = defaultProfile({ modern: false, peer: 'a//&:ns:b "c" [d]' });
    execFileSync('apparmor_parser', ['-Q', '-K', '-T'], { input, stdio: ['pipe', 'ignore', 'pipe'] });
  });

  if (appArmorIsOn()) confined();
  else unconfined();

  function unconfined(): void {
    let pod: TestPod;
    before(async () => {
      pod = await runPod(cricket, { name: 'off' });
    });

    it('says so in the verbose status', async () =>
      expect(await summary()).to.deep.equal({ enabled: false, defaultProfile: '' }));

    it('has no profile by default, nor where RuntimeDefault or Unconfined is asked for', async () => {
      for (const apparmor of [undefined, profile(RuntimeDefault), profile(Unconfined)]) {
        const { id } = await createContainer(cricket, pod, wish({ apparmor }));
        const { info } = await cricket.client.runtime.containerStatus({ containerId: id, verbose: true });
        expect(info['info']).to.contain('"runtimeSpec":').and.not.contain('apparmorProfile');
      }
    });

    it('refuses a profile of the node', async () => {
      const said = /AppArmor profile "strict": AppArmor is off on this node/;
      for (const security of [
        { apparmor: profile(Localhost, 'strict') },
        { apparmor: profile(Localhost, 'localhost/strict') },
        { apparmorProfile: 'localhost/strict' },
      ])
        await fails(createContainer(cricket, pod, wish(security)), 'FAILED_PRECONDITION', said);
    });
  }

  function confined(): void {
    before(() => parser('-r'));
    after(() => parser('-R'));

    it('says so in the verbose status', async () =>
      expect(await summary()).to.deep.equal({ enabled: true, defaultProfile: 'cricket-default' }));

    for (const handler of ['crun', 'runc'])
      describe(`with ${handler}`, () => {
        let pod: TestPod;
        let shared: TestPod;
        before(async () => {
          pod = await runPod(cricket, { name: handler, privileged: true }, handler);
          shared = await runPod(cricket, { name: `shared-${handler}`, namespaces: ofPod }, handler);
        });
        const run = async (security: Partial<LinuxContainerSecurityContext>, at = pod) =>
          runContainer(cricket, at, wish(security));
        /** Profiles of the container's first process and of an exec. */
        const profilesOf = async (security: Partial<LinuxContainerSecurityContext>, at = pod) => {
          const container = await run(security, at);
          const first = readFileSync(`/proc/${await initPid(cricket, container)}/attr/current`, 'utf8');
          return [first.trim(), await sh(cricket, container, 'cat /proc/self/attr/current')];
        };
        const twice = (label: string) => [label, label];

        it('confines by its own profile without a word and by RuntimeDefault', async () => {
          for (const security of [
            {},
            { apparmor: profile(RuntimeDefault) },
            { apparmorProfile: 'runtime/default' },
            { noNewPrivs: true, runAsUser: { value: 1000n } },
          ])
            expect(await profilesOf(security)).to.deep.equal(twice('cricket-default (enforce)'));
          expect(await profilesOf({ namespaceOptions: ofPod }, shared)).to.deep.equal(
            twice('cricket-default (enforce)'),
          );
        });

        it('leaves alone what is Unconfined, or privileged without a word', async () => {
          for (const security of [
            { apparmor: profile(Unconfined) },
            { apparmorProfile: 'unconfined' },
            { apparmor: profile(Localhost, 'unconfined') },
            { privileged: true },
            { privileged: true, apparmor: profile(RuntimeDefault) },
          ])
            expect(await profilesOf(security)).to.deep.equal(twice('unconfined'));
        });

        it('confines by a profile of the node, privileged containers too', async () => {
          for (const security of [
            { apparmor: profile(Localhost, denying) },
            { apparmor: profile(Localhost, `localhost/${denying}`) },
            { apparmorProfile: `localhost/${denying}` },
            { apparmor: profile(Localhost, denying), apparmorProfile: 'unconfined' },
            { privileged: true, apparmor: profile(Localhost, denying) },
          ])
            expect(await profilesOf(security)).to.deep.equal(twice(`${denying} (enforce)`));
          const container = await run({ apparmor: profile(Localhost, denying) });
          expect((await execIn(cricket, container, ['touch', '/x'])).stderr).to.match(/Permission denied/);
        });

        it('refuses a profile that is not loaded', async () => {
          const said = /AppArmor profile "not-there" is not loaded on this node/;
          for (const security of [
            { apparmor: profile(Localhost, 'not-there') },
            { apparmorProfile: 'localhost/not-there' },
          ])
            await fails(createContainer(cricket, pod, wish(security)), 'FAILED_PRECONDITION', said);
        });
      });

    describe('its own profile', () => {
      let pod: TestPod;
      before(async () => {
        pod = await runPod(cricket, { name: 'own' });
      });
      const able = {
        capabilities: {
          addCapabilities: ['SYS_ADMIN', 'SYS_PTRACE'],
          dropCapabilities: [],
          addAmbientCapabilities: [],
        },
      };

      it('keeps what could mount from mounting, and the kernel of the host from being written', async () => {
        const container = await runContainer(cricket, pod, wish(able));
        const refused = async (script: string) =>
          expect((await execIn(cricket, container, ['sh', '-c', script])).stderr, script).to.match(/ermission denied/);
        await refused('mount -t tmpfs x /mnt');
        for (const file of ['/proc/sys/kernel/panic', '/proc/sys/vm/swappiness', '/proc/irq/default_smp_affinity'])
          await refused(`echo 1 > ${file}`);
        await refused('cat /sys/kernel/security/lsm');
        await refused('head -c 1 /proc/kcore');
      });

      it('lets through what containers do', async () => {
        const container = await runContainer(cricket, pod, wish(able));
        await sh(cricket, container, 'cat /proc/kmsg > /dev/null & kill $!; echo 1 > /proc/self/oom_score_adj');
        await sh(cricket, container, 'echo x > /tmp/x; mv /tmp/x /tmp/y; chmod 700 /tmp/y; ln -s y /tmp/z; cat /tmp/z');
        await sh(
          cricket,
          container,
          'sleep 60 & sleep 0.1; cat /proc/$!/environ > /dev/null; kill -STOP $!; kill -9 $!',
        );
        await sh(cricket, container, 'echo 5000 > /proc/sys/kernel/shm_next_id');
        await sh(cricket, container, 'cat /sys/fs/cgroup/* > /dev/null 2>&1; ls -l /proc/1/exe /proc/1/root');
      });

      it('comes back where somebody has taken it away', async () => {
        execFileSync('apparmor_parser', ['-R', '-K'], { input: 'profile cricket-default {}' });
        const container = await runContainer(cricket, pod, wish({}));
        expect(await sh(cricket, container, 'cat /proc/self/attr/current')).to.equal('cricket-default (enforce)');
      });
    });
  }
});
