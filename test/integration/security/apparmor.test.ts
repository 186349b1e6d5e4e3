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

  const strict = { noNewPrivs: true, runAsUser: { value: 1000n } };
  const labelOf = (pid: number) => readFileSync(`/proc/${pid}/attr/current`, 'utf8').trim();
  const removeContainer = async (containerId: string) => cricket.client.runtime.removeContainer({ containerId });
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

    const own = 'cricket-default (enforce)';
    const ofNode = `${denying} (enforce)`;
    /* eslint-disable @typescript-eslint/no-deprecated -- older clients still write it */
    const cases: readonly (readonly [string, Partial<LinuxContainerSecurityContext>, string])[] = [
      ['no word', {}, own],
      ['a word of the node', { apparmor: profile(Localhost, denying) }, ofNode],
      ['Unconfined', { apparmor: profile(Unconfined) }, 'unconfined'],
      ['RuntimeDefault, of a user without new privileges', { ...strict, apparmor: profile(RuntimeDefault) }, own],
      ['RuntimeDefault in older words', { apparmorProfile: 'runtime/default' }, own],
      ['Unconfined in older words', { apparmorProfile: 'unconfined' }, 'unconfined'],
      ['localhost/ in the newer field', { apparmor: profile(Localhost, `localhost/${denying}`) }, ofNode],
      ['localhost/ in older words', { apparmorProfile: `localhost/${denying}` }, ofNode],
      ['both words', { apparmor: profile(Localhost, denying), apparmorProfile: 'unconfined' }, ofNode],
      ['privileged', { privileged: true }, 'unconfined'],
      ['privileged by RuntimeDefault', { privileged: true, apparmor: profile(RuntimeDefault) }, 'unconfined'],
      ['privileged by a profile', { privileged: true, apparmor: profile(Localhost, denying) }, ofNode],
    ];
    /* eslint-enable @typescript-eslint/no-deprecated */
    for (const [handler, most] of [
      ['crun', cases.length],
      ['runc', 3],
    ] as const)
      describe(`with ${handler}`, () => {
        let pod: TestPod;
        before(async () => {
          pod = await runPod(cricket, { name: handler, privileged: true }, handler);
        });
        for (const [what, security, label] of cases.slice(0, most))
          it(`${what}: ${label}`, async () => {
            const container = await runContainer(cricket, pod, wish(security));
            expect(labelOf(await initPid(cricket, container))).to.equal(label);
            expect(await sh(cricket, container, 'cat /proc/self/attr/current'), 'of an exec').to.equal(label);
            await removeContainer(container.id);
          });

        it('a profile that is not loaded: refused', async () => {
          const said = /AppArmor profile "not-there" is not loaded on this node/;
          for (const security of [
            { apparmor: profile(Localhost, 'not-there') },
            { apparmorProfile: 'localhost/not-there' },
          ])
            await fails(createContainer(cricket, pod, wish(security)), 'FAILED_PRECONDITION', said);
        });
      });

    it('confines the init of a shared PID namespace', async () => {
      const pod = await runPod(cricket, { name: 'shared', namespaces: ofPod });
      await createContainer(cricket, pod, wish({ namespaceOptions: ofPod }));
      const { info } = await cricket.client.runtime.podSandboxStatus({ podSandboxId: pod.id, verbose: true });
      const { pid } = JSON.parse(info['info'] ?? '') as { readonly pid: number };
      expect(labelOf(pid)).to.equal(own);
    });

    it('keeps what a profile of the node denies from a container', async () => {
      const pod = await runPod(cricket, { name: 'denied' });
      const container = await runContainer(cricket, pod, wish({ apparmor: profile(Localhost, denying) }));
      expect((await execIn(cricket, container, ['touch', '/x'])).stderr).to.match(/Permission denied/);
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
        await refused('mkdir /m && mount -t tmpfs x /m');
        for (const file of ['/proc/sys/kernel/panic', '/proc/sys/vm/swappiness', '/proc/irq/default_smp_affinity'])
          await refused(`echo 1 > ${file}`);
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
