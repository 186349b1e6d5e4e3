import { closeSync, constants, openSync, readSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { LinuxContainerConfig, LinuxContainerResources } from '../../api/cri/v1/api.ts';
import { filled } from '../lib/cri-client.ts';
import type { Contestant, Pod } from './contestant.ts';
import { get } from './metrics-address.ts';
import type { MetricsAddress } from './metrics-address.ts';
import { planPod, podDown, podUp } from './pods.ts';
import { summarize } from './samples.ts';
import type { Summary } from './samples.ts';

const kills = 20;
const memory = 16n << 20n;
/** A child is killed every half second; the shell, which is small, lives on. */
const command = ['sh', '-c', 'while sleep 0.5; do tail /dev/zero; done'];
const killTimeoutMs = 10_000;

/**
 * Milliseconds from the kernel's own stamp of an OOM kill until a scrape tells it. Undefined where the daemon has no
 * such count, or the kernel's log may not be read.
 */
export async function measureOom(one: Contestant, signal: AbortSignal): Promise<Summary | undefined> {
  const { metrics } = one;
  const log = one.name.startsWith('cricket') && metrics !== undefined ? openLog() : undefined;
  if (log === undefined || metrics === undefined) return undefined;
  const pod = await hungryPod(one);
  try {
    const delays: number[] = [];
    for (let kill = 1; kill <= kills; kill += 1) {
      signal.throwIfAborted();
      const at = await nextKill(log, pod.plan.cgroup);
      await told(metrics, pod.plan.name, kill);
      delays.push(Date.now() - at);
    }
    return summarize(delays);
  } finally {
    closeSync(log);
    await podDown(one, pod);
  }
}

async function hungryPod(one: Contestant): Promise<Pod> {
  const plan = planPod(one);
  const limits = { ...plan.container.linux?.resources, memoryLimitInBytes: memory };
  const resources = filled(LinuxContainerResources, limits);
  const linux = { ...filled(LinuxContainerConfig, plan.container.linux), resources };
  return podUp(one, { ...plan, container: { ...plan.container, command, linux } });
}

async function told(metrics: MetricsAddress, pod: string, count: number): Promise<void> {
  const line = new RegExp(`^container_oom_events_total\\{[^}]*pod="${pod}"[^}]*\\} (\\d+)$`, 'm');
  while (Number(line.exec(await get(metrics))?.[1] ?? 0) < count) await delay(1);
}

/** At its end. */
function openLog(): number | undefined {
  try {
    const fd = openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK);
    while (nextRecord(fd) !== undefined);
    return fd;
  } catch {
    return undefined;
  }
}

interface Record {
  /** Milliseconds by the log's own clock. */
  readonly at: number;
  readonly text: string;
}

const buffer = Buffer.alloc(8192);

function nextRecord(fd: number): Record | undefined {
  try {
    const record = buffer.toString('latin1', 0, readSync(fd, buffer));
    const [, micros, text = ''] = /^\d+,\d+,(\d+),[^;]*;([^\n]*)/.exec(record) ?? [];
    return { at: Number(micros) / 1000, text };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    return { at: 0, text: '' };
  }
}

/**
 * When the next process in the cgroup was killed, in milliseconds since 1970. The log's clock runs apart from ours: a
 * line that we write after the kill says by how much.
 */
async function nextKill(fd: number, cgroup: string): Promise<number> {
  const end = Date.now() + killTimeoutMs;
  let at: number | undefined;
  let mark: { readonly text: string; readonly now: number } | undefined;
  while (Date.now() < end) {
    const record = nextRecord(fd);
    if (record === undefined) {
      await delay(1);
    } else if (mark !== undefined && at !== undefined && record.text.includes(mark.text)) {
      return mark.now - (record.at - at);
    } else if (at === undefined && record.text.startsWith('oom-kill:') && record.text.includes(cgroup)) {
      at = record.at;
      mark = { text: `cricket-bench ${process.hrtime.bigint()}`, now: Date.now() };
      writeFileSync('/dev/kmsg', `<7>${mark.text}\n`);
    }
  }
  throw new Error(`no OOM kill in ${cgroup} within ${killTimeoutMs} ms`);
}
