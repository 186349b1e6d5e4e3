import { expect } from 'chai';
import { z } from 'zod';
import type { Cricket } from '../../fixtures/daemon.ts';
import { tracesOf } from '../../fixtures/daemon/traces.ts';
import type { TestContainer } from '../../fixtures/pods.ts';
import { processes } from '../../leftovers/kernel.ts';

const info = z.object({ pid: z.number(), monitorPid: z.number() });

/** The first process of a running container, and its conmon. */
export async function pidsOf(cricket: Cricket, { id }: TestContainer): Promise<{ init: number; monitor: number }> {
  const answer = await cricket.client.runtime.containerStatus({ containerId: id, verbose: true });
  const { pid, monitorPid } = info.parse(JSON.parse(answer.info['info'] ?? ''));
  return { init: pid, monitor: monitorPid };
}

/** Processes in the cgroup of a pod, as a kubelet finds and kills them. */
export function cgroupMembers(podId: string): number[] {
  return processes().flatMap(({ pid, cgroups }) => (cgroups.some((path) => path.includes(podId)) ? [pid] : []));
}

/** What a container held in the kernel is given back; records and exit code stay until it is removed. */
export function expectReleased({ traces }: Cricket, id: string): void {
  const kinds = /^(mount|cgroup|process) /;
  const left = tracesOf(traces).filter((line) => kinds.test(line) && line.includes(id));
  expect(left).to.deep.equal([]);
}

export const isAlive = (pid: number): boolean => processes().some((process) => process.pid === pid);
