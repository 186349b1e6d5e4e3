import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LinuxPodSandboxConfig, LinuxSandboxSecurityContext, SecurityProfile } from '../../api/cri/v1/api.ts';
import type { ContainerConfig, Mount, PodSandboxConfig } from '../../api/cri/v1/api.ts';
import { filled } from '../lib/cri-client.ts';
import { containerConfig, podConfig } from '../lib/cri-messages.ts';

/** What a kubelet with seccompDefault sends for a BestEffort pod of one container that has no securityContext. */

export const runLabel = 'cricket-bench';
/** Told from helpers of a daemon by its arguments: see memory.ts. */
export const workload: readonly string[] = ['sleep', '86399'];

const runtimeDefault = filled(SecurityProfile);
const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

export interface SandboxWish {
  readonly name: string;
  readonly cgroup: string;
  readonly logs: string;
  readonly run: string;
}

export function sandboxConfig({ name, cgroup, logs, run }: SandboxWish): PodSandboxConfig {
  const uid = `uid-${name}`;
  const config = podConfig({
    name,
    uid,
    namespace: 'bench',
    logDirectory: logs,
    cgroupParent: cgroup,
    labels: {
      'io.kubernetes.pod.name': name,
      'io.kubernetes.pod.namespace': 'bench',
      'io.kubernetes.pod.uid': uid,
      [runLabel]: run,
    },
    annotations: { 'kubernetes.io/config.source': 'api', 'kubernetes.io/config.seen': '2026-01-01T00:00:00Z' },
    dns: { servers: ['10.96.0.10'], searches: ['bench.svc.cluster.local', 'svc.cluster.local'], options: ['ndots:5'] },
  });
  const linux = filled(LinuxPodSandboxConfig, config.linux);
  const security = filled(LinuxSandboxSecurityContext, linux.securityContext);
  return { ...config, linux: { ...linux, securityContext: { ...security, seccomp: runtimeDefault } } };
}

export function workloadConfig(
  { image, dir }: { readonly image: string; readonly dir: string },
  mounts: readonly Partial<Mount>[],
): ContainerConfig {
  return containerConfig({
    name: 'main',
    image,
    command: workload,
    logPath: 'main/0.log',
    labels: { 'io.kubernetes.container.name': 'main', 'io.kubernetes.pod.namespace': 'bench' },
    annotations: { 'io.kubernetes.container.restartCount': '0' },
    env: { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' },
    mounts: [
      { containerPath: '/etc/hosts', hostPath: join(dir, 'etc-hosts') },
      { containerPath: '/dev/termination-log', hostPath: join(dir, 'termination-log') },
      { containerPath: '/var/run/secrets/kubernetes.io/serviceaccount', hostPath: join(dir, 'token'), readonly: true },
      ...mounts,
    ],
    resources: { cpuPeriod: 100_000n, cpuShares: 2n, oomScoreAdj: 1000n },
    security: { seccomp: runtimeDefault, maskedPaths, readonlyPaths },
  });
}

/** What the mounts above stand on. */
export function writeKubeletFiles(dir: string): void {
  mkdirSync(join(dir, 'token'), { recursive: true });
  writeFileSync(join(dir, 'token/token'), 'a token');
  writeFileSync(join(dir, 'etc-hosts'), '127.0.0.1 localhost\n');
  writeFileSync(join(dir, 'termination-log'), '');
}
