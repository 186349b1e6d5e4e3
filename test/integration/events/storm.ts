import { expect } from 'chai';
import type { CricketEvent } from '../../../src/sandbox/events/event.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { eventually, removePod, runContainer, runPod } from '../../fixtures/pods.ts';
import { childHog, hog, hogLimit, journal } from './hogs.ts';

/**
 * So many kills in each of so many containers, every second of them ending with its init's, the daemon killed and started
 * in the midst: all are counted and told, each once, with its pod and container.
 */
export async function killStorm(cricket: Cricket, containers: number, killsEach: number): Promise<void> {
  const names = Array.from({ length: containers }, (_, i) => `storm-${i}`);
  const pods = await Promise.all([0, 1, 2, 3].map((i) => runPod(cricket, { name: `weather-${i}` })));
  const podOf = (turn: number) => {
    const pod = pods[turn % pods.length];
    if (pod === undefined) throw new Error('no pod');
    return pod;
  };
  for (const [turn, name] of names.entries()) {
    const endsInit = turn % 2 === 1;
    const children = Array.from({ length: killsEach - (endsInit ? 1 : 0) }, () => `sleep 0.4; ${childHog(name)}`);
    const last = endsInit ? hog(name) : 'while :; do sleep 60; done';
    const script = ['trap "exit 0" TERM', ...children, 'sleep 0.4', last].join('; ');
    await runContainer(cricket, podOf(turn), { name, command: ['sh', '-c', script], resources: hogLimit });
  }
  const told = async () => journal(cricket, 'event=oom');
  await eventually(async () => expect((await told()).length).to.be.above(2), 30_000);
  await cricket.sigkill();
  // Some die unseen: the daemon is away for as long as three of them take.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await cricket.start();
  const all = await eventually(async () => {
    const found = await told();
    expect(found.length).to.be.at.least(containers * killsEach);
    return found;
  }, 120_000);
  await cricket.restart();
  expect(await told(), 'none is told again').to.deep.equal(all);
  expectEach(all, names, killsEach, (turn) => podOf(turn).id);
  for (const { id } of pods) await removePod(cricket, id);
}

function expectEach(
  all: readonly CricketEvent[],
  names: readonly string[],
  kills: number,
  podId: (turn: number) => string,
) {
  expect(all).to.have.length(names.length * kills);
  for (const [turn, name] of names.entries()) {
    const own = all.filter(({ container }) => container?.name === name);
    expect(
      own.map(({ attributes }) => attributes['kills']),
      name,
    ).to.deep.equal(own.map((_, i) => i + 1));
    expect(own, name).to.have.length(kills);
    for (const { pod, attributes } of own) {
      expect(pod?.id, name).to.equal(podId(turn));
      if (attributes['victim'] !== undefined) expect(attributes['victim']).to.equal(name);
    }
  }
}
