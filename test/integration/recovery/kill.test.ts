import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { ContainerState, PodSandboxState } from '../../../api/cri/v1/api.ts';
import { stepNames as allSteps } from '../../../src/base/steps.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { lastingTraces, tracesOf } from '../../fixtures/daemon/traces.ts';
import { eventually } from '../../fixtures/pods.ts';
import type { TestContainer } from '../../fixtures/pods.ts';
import { expectUndisturbed, runNeighbour } from './neighbour.ts';
import { Victim } from './victim.ts';
import type { Operation } from './victim.ts';

/** The operation that reaches a step, by what stands before its colon. */
const operationOf: Readonly<Record<string, Operation>> = {
  'run-pod': 'run',
  create: 'create',
  start: 'start',
  exec: 'exec',
  stop: 'stop',
  'stop-pod': 'stopPod',
  remove: 'remove',
  'remove-pod': 'removePod',
};

/** The others: test/integration/cni/kill.test.ts. */
const stepNames = allSteps.filter((step) => !step.includes(':cni-'));

/** In a user namespace are half of the victims, and those that have mounts of their own in the making. */
const inUserNamespace: ReadonlySet<string> = new Set(['run-pod:namespaces', 'create:bundle', 'create:monitor']);
const hostId = 5_000_000;

describe('a daemon killed', function () {
  this.timeout(120_000);
  let cricket: Cricket;
  let neighbour: TestContainer;
  let own: readonly string[];

  before(async () => {
    cricket = await startCricket();
    neighbour = await runNeighbour(cricket);
    own = tracesOf(cricket.traces);
  });
  after(async () => cricket.stop());

  for (const [turn, step] of stepNames.entries())
    it(`at ${step} loses and leaks nothing`, async () => {
      const operation = operationOf[step.split(':')[0] ?? ''];
      if (operation === undefined) throw new Error(`operationOf must say which operation reaches ${step}`);
      const options = { sharedPid: turn % 2 === 1, ...(turn % 4 >= 2 || inUserNamespace.has(step) ? { hostId } : {}) };
      const victim = new Victim(cricket, step, options);
      await cricket.restart({ CRICKET_KILL_AT: step });
      await victim.upTo(operation);
      const known = await listed(cricket);
      const held = tracesOf(cricket.traces);
      await expectCut(victim, operation, step);
      await cricket.ended();

      await cricket.start();
      expectKnown(known, await listed(cricket), operation);
      await expectUndisturbed(cricket, neighbour);
      if (operation === 'exec') await eventually(() => expectNoExec(cricket));
      if (/^(run-pod|create):(?!saved)/.test(step)) await eventually(() => expectUndone(cricket, held, victim));
      await victim.retry(operation);
      expect(await lastingTraces(cricket.traces, { except: own }), 'left behind').to.deep.equal([]);
      if (step.includes(':net-')) expect(publishedPorts(cricket.instance)).not.to.include('28765');
      await expectUndisturbed(cricket, neighbour);
    });
});

/** `stop:killed` is reached only by one that ignores its signal, or has no time for it. */
async function expectCut(victim: Victim, operation: Operation, step: string): Promise<void> {
  const work = step === 'stop:killed' ? victim.kill() : victim.perform(operation);
  const outcome = await work.then(
    () => 'an answer',
    () => 'none',
  );
  expect(outcome).to.equal('none');
}

interface Listed {
  readonly pods: ReadonlyMap<string, PodSandboxState>;
  readonly containers: ReadonlyMap<string, ContainerState>;
}

async function listed({ client }: Cricket): Promise<Listed> {
  const [{ items }, { containers }] = await Promise.all([
    client.runtime.listPodSandbox(),
    client.runtime.listContainers(),
  ]);
  return {
    pods: new Map(items.map(({ id, state }) => [id, state])),
    containers: new Map(containers.map(({ id, state }) => [id, state])),
  };
}

/** The very first answers have all there was, in its state; only what was being ended may have got on since. */
function expectKnown(before: Listed, after: Listed, operation: Operation): void {
  const ending = ['stop', 'stopPod', 'remove', 'removePod'].includes(operation);
  const compare = <T>(was: ReadonlyMap<string, T>, is: ReadonlyMap<string, T>, ended: T) => {
    for (const [id, state] of was) {
      const now = is.get(id);
      if (ending && (now === ended || (now === undefined && operation.startsWith('remove')))) continue;
      if (operation === 'start' && now !== undefined) continue;
      expect(now, id).to.equal(state);
    }
  };
  compare(before.pods, after.pods, PodSandboxState.SANDBOX_NOTREADY);
  compare(before.containers, after.containers, ContainerState.CONTAINER_EXITED);
}

/** What was half made is gone by itself; the init of a shared PID namespace, which bears the pod's id, may stay. */
function expectUndone({ traces }: Cricket, held: readonly string[], { podId }: Victim): void {
  const more = tracesOf(traces).filter((line) => !held.includes(line));
  expect(more.filter((line) => podId === undefined || !line.endsWith(podId))).to.deep.equal([]);
}

const publishedPorts = (instance: string): string =>
  execFileSync('nft', ['-n', 'list', 'map', 'ip', `cricket_${instance}`, 'every'], { encoding: 'utf8' });

function expectNoExec({ traces }: Cricket): void {
  expect(tracesOf(traces).filter((line) => line.includes('/exec-'))).to.deep.equal([]);
}
