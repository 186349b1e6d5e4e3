import { expect } from 'chai';
import { PodSandboxState } from '../../../api/cri/v1/api.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { underSystemd } from '../../fixtures/daemon/groups.ts';
import { lastingTraces } from '../../fixtures/daemon/traces.ts';
import { makeCgroups, removeCgroups } from '../../fixtures/kubelet/cgroups.ts';
import { eventually, podStatus, removePod, runPod } from '../../fixtures/pods.ts';

/**
 * Where it differs from kill.test.ts, whose pods have a cgroup that is still to be made: the Worker puts the state in its
 * place as its last deed, so the pod is whole before the daemon's own thread hears of it.
 */
const wholeAt = { 'run-pod:net-linked': false, 'run-pod:network': true, 'run-pod:files': true } as const;

describe("a daemon killed at a pod in a cgroup of the kubelet's", function () {
  this.timeout(60_000);
  const parent = `/cricket-test-kubepods-${process.pid}`;
  let cricket: Cricket;
  before(async function () {
    if (underSystemd) this.skip(); // it makes a kubelet's slices itself: test/vm/driver.test.ts
    makeCgroups(parent);
    cricket = await startCricket();
  });
  after(async () => {
    if (underSystemd) return;
    await cricket.stop();
    await removeCgroups(parent);
  });

  for (const [step, isWhole] of Object.entries(wholeAt))
    it(`at ${step} ${isWhole ? 'has made all of it' : 'leaves nothing'}`, async () => {
      const wish = { name: step.replace(':', '-'), cgroupParent: parent };
      await cricket.restart({ CRICKET_KILL_AT: step });
      const outcome = await runPod(cricket, wish).then(
        () => 'an answer',
        () => 'none',
      );
      expect(outcome).to.equal('none');
      await cricket.ended();

      await cricket.start();
      const { items } = await cricket.client.runtime.listPodSandbox();
      expect(items.map(({ state }) => state)).to.deep.equal(isWhole ? [ready] : []);
      if (!isWhole) await eventually(async () => expect(await lastingTraces(cricket.traces)).to.deep.equal([]));
      const again = await runPod(cricket, wish);
      for (const { id } of items) expect(again.id, 'of the retry').to.equal(id);
      const { state, network } = await podStatus(cricket, again.id);
      expect([state, network?.ip]).to.include(ready).and.not.include('');
      await removePod(cricket, again.id);
      expect(await lastingTraces(cricket.traces)).to.deep.equal([]);
    });
});

const ready = PodSandboxState.SANDBOX_READY;
