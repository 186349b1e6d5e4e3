import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ContainerState, PodSandboxState } from '../../../api/cri/v1/api.ts';
import type { ContainerStats, ContainerStatus, PodSandboxStatus } from '../../../api/cri/v1/api.ts';
import type { CriClient } from '../cri-client.ts';
import type { Demo } from './pod.ts';

/** Milliseconds between the two readings that CPU use is taken from; the demo says something once a second. */
const spanMs = 1500;

/** What a person asks for first: state, address, CPU, memory, the end of the log. All of it over the CRI socket. */
export async function describeDemo(cri: CriClient, { pod, container }: Demo): Promise<string> {
  const first = await statsOf(cri, container);
  await delay(spanMs);
  const second = await statsOf(cri, container);
  const sandbox = required((await cri.runtime.podSandboxStatus({ podSandboxId: pod })).status, 'pod status');
  const status = required((await cri.runtime.containerStatus({ containerId: container })).status, 'container status');
  const rows = [
    ['pod', describePod(sandbox)],
    ['container', describeContainer(status)],
    ['image', `${status.image?.userSpecifiedImage || (status.image?.image ?? '')}  (${short(status.imageId)})`],
    ['cpu', cpuText(first, second)],
    ['memory', memoryText(second)],
    ['log', status.logPath],
    ...lastLines(status.logPath, 4).map((line) => ['', line]),
  ];
  return rows.map(([name = '', value = '']) => `  ${name.padEnd(10)} ${value}`).join('\n');
}

function describePod({ id, metadata, state, network, createdAt }: PodSandboxStatus): string {
  const name = `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
  const readiness = state === PodSandboxState.SANDBOX_READY ? 'Ready' : 'NotReady';
  return [name, readiness, network?.ip ?? 'no address', `up ${age(createdAt)}`, short(id)].join('  ');
}

function describeContainer({ id, metadata, state, startedAt, exitCode, reason }: ContainerStatus): string {
  const name = metadata?.name ?? '';
  if (state === ContainerState.CONTAINER_RUNNING) return `${name}  Running  up ${age(startedAt)}  ${short(id)}`;
  return `${name}  not running (${reason || 'no reason told'}, exit code ${exitCode})  ${short(id)}`;
}

function cpuText(first: ContainerStats, second: ContainerStats): string {
  const [before, after] = [first.cpu, second.cpu];
  if (before?.usageCoreNanoSeconds === undefined || after?.usageCoreNanoSeconds === undefined) return 'not told';
  const used = Number(after.usageCoreNanoSeconds.value - before.usageCoreNanoSeconds.value);
  const span = Number(after.timestamp - before.timestamp);
  const total = (Number(after.usageCoreNanoSeconds.value) / 1e9).toFixed(3);
  return span > 0
    ? `${((100 * used) / span).toFixed(1)} % of a core  (${total} s since it started)`
    : `${total} s in all`;
}

function memoryText({ memory, writableLayer }: ContainerStats): string {
  const set = memory?.workingSetBytes;
  const written = writableLayer?.usedBytes;
  const layer = written === undefined ? '' : `  (${bytes(written.value)} written to its layer)`;
  return set === undefined ? 'not told' : `${bytes(set.value)} working set${layer}`;
}

/** Lines of a CRI log: `time stream F|P text`. */
function lastLines(path: string, count: number): string[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n').slice(-count);
  return lines.map((line) => line.split(' ').slice(3).join(' '));
}

async function statsOf(cri: CriClient, containerId: string): Promise<ContainerStats> {
  return required((await cri.runtime.containerStats({ containerId })).stats, 'container stats');
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the answer has no ${what}`);
  return value;
}

function age(nanos: bigint): string {
  const seconds = Math.max(0, Math.round(Date.now() / 1000 - Number(nanos / 1_000_000n) / 1000));
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

const short = (id: string): string => id.replace(/^sha256:/, '').slice(0, 13);
const bytes = (value: bigint): string => `${(Number(value) / 1024 / 1024).toFixed(1)} MiB`;
