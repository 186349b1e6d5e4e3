import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { lastingTraces, tracesOf } from '../../fixtures/daemon/traces.ts';
import type { TestContainer } from '../../fixtures/pods.ts';
import { expectUndisturbed, runNeighbour } from './neighbour.ts';
import { operations, Victim } from './victim.ts';

const rounds = Number(process.env['CRICKET_STORM_ROUNDS'] ?? 6);
const pods = 4;
/** Milliseconds in which all of a round's pods are made and removed again; the kill comes anywhere in them. */
const spanMs = 900;

describe('a daemon killed at no step in particular', function () {
  this.timeout(60_000 + rounds * 60_000);
  let cricket: Cricket;
  let neighbour: TestContainer;
  let own: readonly string[];

  before(async () => {
    cricket = await startCricket();
    neighbour = await runNeighbour(cricket);
    own = tracesOf(cricket.traces);
  });
  after(async () => cricket.stop());

  it(`loses and leaks nothing, ${rounds} times, with ${pods} pods on their way`, async () => {
    for (let round = 0; round < rounds; round++) {
      const victims = Array.from(
        { length: pods },
        (_, at) => new Victim(cricket, `storm:${round}-${at}`, { sharedPid: at % 2 === 1 }),
      );
      const work = victims.map(async (victim) => {
        for (const operation of operations) await victim.perform(operation);
      });
      const ended = Promise.allSettled(work);
      const at = Math.round((spanMs * (round + Math.random())) / rounds);
      await delay(at);
      await cricket.restart();
      // Once more, in the midst of the repairs that a start sets going.
      if (round % 2 === 1) await cricket.restart();
      await ended;
      await expectUndisturbed(cricket, neighbour);
      const { items } = await cricket.client.runtime.listPodSandbox();
      const others = items.filter(({ id }) => id !== neighbour.pod.id);
      await Promise.all(
        others.map(async ({ id: podSandboxId }) => {
          await cricket.client.runtime.stopPodSandbox({ podSandboxId });
          await cricket.client.runtime.removePodSandbox({ podSandboxId });
        }),
      );
      const left = await lastingTraces(cricket.traces, { except: own });
      expect(left, `left behind after a kill at ${at} ms`).to.deep.equal([]);
    }
  });
});
