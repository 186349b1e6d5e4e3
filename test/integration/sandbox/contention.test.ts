import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import { randomInt } from 'node:crypto';
import { statusOf } from '../../../hack/lib/cri-client.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { containerWith, podWith } from '../../fixtures/pods.ts';

const lanes = 12;
const callsPerLane = 50;
/** What one who comes at the wrong moment may be told; everything else is our own mistake. */
const fair: readonly number[] = [
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.FAILED_PRECONDITION,
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
];

/** Numbers that a seed determines (a linear congruence), so that a failure can be had again. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

describe('many hands on few pods', function () {
  this.timeout(120_000);
  let cricket: Cricket;
  const seed = Number(process.env['CRICKET_SEED'] ?? randomInt(2 ** 31));
  before(async () => (cricket = await startCricket()));
  after(async () => cricket.stop());

  it(`get what they ask for or a fair refusal, and nothing is left in the end (CRICKET_SEED=${seed})`, async () => {
    const configs = ['a', 'b'].map((name) => podWith(cricket, { name }));
    const unfair: string[] = [];
    const live = async (lane: number) => {
      const roll = dice(seed + lane * 7919);
      for (let i = 0; i < callsPerLane; i++) await tryOnce(roll, unfair);
    };
    const tryOnce = async (roll: (sides: number) => number, complaints: string[]) => {
      const [name, call] = pick(roll, configs);
      try {
        await call();
      } catch (error) {
        const told = statusOf(error);
        // A DOMException is the signal of one who lost patience before the call began.
        if (error instanceof DOMException) return;
        if (told === undefined || !fair.includes(told.code)) complaints.push(`${name}: ${String(error)}`);
      }
      if (roll(4) === 0) await delay(roll(20));
    };
    await Promise.all(Array.from({ length: lanes }, (_value, lane) => live(lane)));
    expect(unfair).to.deep.equal([]);
    await cricket.removePods();
    expect(await cricket.left()).to.deep.equal([]);
  });

  type Call = readonly [string, () => Promise<unknown>];

  /** One call of all there are, on whatever pods and containers are there now. */
  function pick(roll: (sides: number) => number, configs: readonly ReturnType<typeof podWith>[]): Call {
    const { runtime } = cricket.client;
    const config = configs[roll(configs.length)];
    const impatient = roll(5) === 0 ? AbortSignal.timeout(roll(30)) : undefined;
    const some = async (list: readonly { readonly id: string }[], use: (id: string) => Promise<unknown>) => {
      const one = list[roll(list.length)];
      if (one !== undefined) await use(one.id);
    };
    const aPod = async (use: (podSandboxId: string) => Promise<unknown>) =>
      some((await runtime.listPodSandbox()).items, use);
    const aContainer = async (use: (containerId: string) => Promise<unknown>) =>
      some((await runtime.listContainers()).containers, use);
    const create = async (podSandboxId: string) => {
      const container = containerWith({ name: `c${roll(2)}` });
      await runtime.createContainer({ podSandboxId, config: container, sandboxConfig: config }, impatient);
    };
    const exec = async (containerId: string) =>
      runtime.execSync({ containerId, cmd: ['sh', '-c', 'sleep 0.05; echo x'], timeout: 10n }, impatient);
    const calls: readonly Call[] = [
      ['RunPodSandbox', async () => runtime.runPodSandbox({ config }, impatient)],
      ['RunPodSandbox', async () => runtime.runPodSandbox({ config }, impatient)],
      ['CreateContainer', async () => aPod(create)],
      ['CreateContainer', async () => aPod(create)],
      [
        'StartContainer',
        async () => aContainer(async (containerId) => runtime.startContainer({ containerId }, impatient)),
      ],
      ['StartContainer', async () => aContainer(async (containerId) => runtime.startContainer({ containerId }))],
      ['ExecSync', async () => aContainer(exec)],
      [
        'ContainerStatus',
        async () => aContainer(async (containerId) => runtime.containerStatus({ containerId, verbose: true })),
      ],
      [
        'StopContainer',
        async () => aContainer(async (containerId) => runtime.stopContainer({ containerId, timeout: 1n })),
      ],
      [
        'RemoveContainer',
        async () => aContainer(async (containerId) => runtime.removeContainer({ containerId }, impatient)),
      ],
      [
        'UpdateContainerResources',
        async () => aContainer(async (containerId) => runtime.updateContainerResources({ containerId })),
      ],
      ['StopPodSandbox', async () => aPod(async (podSandboxId) => runtime.stopPodSandbox({ podSandboxId }, impatient))],
      ['RemovePodSandbox', async () => aPod(async (podSandboxId) => runtime.removePodSandbox({ podSandboxId }))],
      ['ListContainerStats', async () => runtime.listContainerStats()],
    ];
    return calls[roll(calls.length)] as Call;
  }
});
