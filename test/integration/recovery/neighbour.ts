import { expect } from 'chai';
import { ContainerState } from '../../../api/cri/v1/api.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { containerStatus, eventually, readLog, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestContainer } from '../../fixtures/pods.ts';

/** Says a number, one higher each time, some thirty times a second; builtins only, so that it costs next to nothing. */
const count = 'trap "exit 7" TERM; n=0; while :; do n=$((n+1)); echo "$n"; read -t 0.03 x < /fifo; done';

export const countingCommand = ['sh', '-c', `mkfifo /fifo; exec 3<>/fifo; ${count.replace('< /fifo', '<&3')}`] as const;

/** A container that runs beside what is done to the daemon. */
export async function runNeighbour(cricket: Cricket): Promise<TestContainer> {
  const pod = await runPod(cricket, { name: 'neighbour' });
  return runContainer(cricket, pod, { name: 'counter', command: countingCommand });
}

/** It is the same process, and its log has every number once, up to now. */
export async function expectUndisturbed(cricket: Cricket, neighbour: TestContainer): Promise<void> {
  const status = await containerStatus(cricket, neighbour.id);
  expect(status.state).to.equal(ContainerState.CONTAINER_RUNNING);
  const before = expectComplete(neighbour);
  await eventually(() => expect(expectComplete(neighbour)).to.be.greaterThan(before));
}

/** How many lines there are: 1 to n, none missing, none twice. */
export function expectComplete({ logPath }: Pick<TestContainer, 'logPath'>): number {
  const lines = readLog(logPath);
  const wrong = lines.findIndex(({ text, tag }, at) => text !== String(at + 1) || tag !== 'F');
  expect(wrong === -1 ? 'complete' : lines.slice(Math.max(0, wrong - 2), wrong + 2)).to.equal('complete');
  return lines.length;
}
