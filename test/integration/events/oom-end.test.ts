import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { eventually, exited, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../../fixtures/pods.ts';
import { initPid, processesBelow } from '../sandbox/lab.ts';
import { childHog, hog, hogLimit, journal } from './hogs.ts';
import { endAll } from './oom-ends.ts';

/** Longer after a child's kill no end is that kill's, even where its time is not known well. */
const longAfterMs = 4_000;
/** Waits for SIGUSR1, and then goes on. */
const onceSignalled = 'trap "go=1" USR1; until [ -n "$go" ]; do sleep 1 & wait; done';

describe('the end of a container after an OOM kill', function () {
  this.timeout(300_000);
  let cricket: Cricket;
  let pod: TestPod;
  before(async () => {
    cricket = await startCricket();
    pod = await runPod(cricket, { name: 'a' });
  });
  after(() => cricket.stop());

  const run = async (name: string, script: string) =>
    runContainer(cricket, pod, { name, command: ['sh', '-c', script], resources: hogLimit });
  const killed = async (name: string) =>
    eventually(async () => expect(await journal(cricket, 'event=oom', `container=${name}`)).to.have.length(1), 60_000);
  const stop = async ({ id }: TestContainer) => cricket.client.runtime.stopContainer({ containerId: id, timeout: 0n });
  async function endOf({ id }: TestContainer): Promise<string> {
    const { exitCode, reason } = await exited(cricket, id, 60_000);
    return `${exitCode} ${reason}`;
  }

  it('is OOMKilled and 137 for inits, and for shells that hand on the end of their program: 20 of 20', async () =>
    endAll(cricket, 20));

  it('is its own where others outlived the killed one, and the kill is an event', async () => {
    const scripts = {
      error: `${childHog()}; exit 3`,
      completed: `${childHog()}; exit 0`,
      late: `${childHog()}; sleep 3; exit 137`,
      stopped: `${childHog()}; while :; do sleep 60; done`,
    };
    const ends: Record<string, string> = {};
    for (const [name, script] of Object.entries(scripts)) {
      const container = await run(name, script);
      await killed(name);
      // Within the second in which an end by itself would be the kill's.
      if (name === 'stopped') await stop(container);
      ends[name] = await endOf(container);
    }
    expect(ends).to.deep.equal({
      error: '3 Error',
      completed: '0 Completed',
      late: '137 Error',
      stopped: '137 Error',
    });
  });

  it("is its own after a restart of the daemon, which was there at the child's kill", async () => {
    const container = await run('before', `${childHog()}; while :; do sleep 60; done`);
    await killed('before');
    await cricket.sigterm();
    await cricket.start();
    await delay(longAfterMs);
    process.kill(await initPid(cricket, container), 'SIGKILL');
    expect(await endOf(container)).to.equal('137 Error');
  });

  it('is told apart where the daemon was away for kill and end', async () => {
    const containers = {
      init: await run('away-init', `${onceSignalled}; ${hog()}`),
      handed: await run('away-handed', `${onceSignalled}; ${childHog()}; exit $?`),
      outlived: await run('away-outlived', `${onceSignalled}; ${childHog()}; exec sleep 600`),
    };
    const all = Object.values(containers);
    const pids = await Promise.all(all.map(async (container) => initPid(cricket, container)));
    const groups = all.map(({ id }) => cricket.containerCgroup(pod.id, id));
    const [, , last = ''] = groups;
    await cricket.sigkill();
    for (const pid of pids) process.kill(pid, 'SIGUSR1');
    // Two have ended, and of the third the child is no more.
    await eventually(() => expect(groups.flatMap(processesBelow)).to.have.length(1), 60_000);
    await delay(longAfterMs);
    for (const pid of processesBelow(last)) process.kill(pid, 'SIGKILL');
    await eventually(() => expect(processesBelow(last)).to.deep.equal([]));
    await cricket.start();
    expect(await Promise.all(all.map(endOf))).to.deep.equal(['137 OOMKilled', '137 OOMKilled', '137 Error']);
    for (const name of ['away-init', 'away-handed', 'away-outlived']) await killed(name);
  });
});
