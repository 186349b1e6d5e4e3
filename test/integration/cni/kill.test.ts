import { expect } from 'chai';
import { stepNames } from '../../../src/base/steps.ts';
import { eventually, podStatus, removePod, runPod } from '../../fixtures/pods.ts';
import { CniLab } from './lab.ts';

/** From the making of the namespace to its end: all that a plugin's work may be cut short by. */
const steps = stepNames.filter((step) => /^(run-pod|stop-pod):(?!net-)/.test(step));

describe('a daemon killed on a CNI network', function () {
  this.timeout(60_000);
  const lab = new CniLab();
  before(async () => {
    const portmap = { type: 'portmap', capabilities: { portMappings: true }, snat: true };
    lab.write('10-test.conflist', lab.chain([{ ...lab.bridgePlugin(), type: 'trouble' }, portmap]));
    await lab.start();
  });
  after(async () => lab.stop());

  for (const step of steps)
    it(`at ${step} leaves nothing, and the retry works`, async () => {
      const { cricket } = lab;
      await cricket.restart({ CRICKET_KILL_AT: step });
      const name = step.replace(':', '-');
      const cut = async () => {
        const pod = await runPod(cricket, { name });
        await cricket.client.runtime.stopPodSandbox({ podSandboxId: pod.id });
      };
      const outcome = await cut().then(
        () => 'an answer',
        () => 'none',
      );
      expect(outcome).to.equal('none');
      await cricket.ended();
      const made = step === 'run-pod:saved' || step.startsWith('stop-pod');

      await cricket.start();
      if (!made) await eventually(() => expect(lab.taken(), 'what was half made is undone').to.have.length(0));
      const again = await runPod(cricket, { name, attempt: made ? 1 : 0 });
      expect(lab.taken()).to.include((await podStatus(cricket, again.id)).network?.ip);
      await removePod(cricket, again.id);
      await cricket.removePods();
      await lab.expectNothingLeft();
    });
});
