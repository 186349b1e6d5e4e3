import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { ContainerFilter, ContainerState, PodSandboxFilter, PodSandboxState } from '../../../api/cri/v1/api.ts';
import { filled } from '../cri-client.ts';
import type { CriClient } from '../cri-client.ts';
import { containerConfig, imageSpec, podConfig } from '../cri-messages.ts';
import { demoImage, demoReference } from '../demo-image.ts';
import { ociArchive } from '../oci/archive.ts';

const labels = { app: 'cricket-demo' };
/** An interrupt leaves it where the next run and hack/down find it. */
const archive = '/run/cricket/demo.tar';
/** Where the kubelet keeps such logs, so that tools find them. */
export const demoLogs = '/var/log/pods/default_demo_cricket-demo';

export interface Demo {
  readonly pod: string;
  readonly container: string;
  /** It ran before. */
  readonly reused: boolean;
}

/** Imports the demo image unless it is there; needs no network. `cricket` is the program. */
export async function ensureDemoImage(cri: CriClient, cricket: string): Promise<'imported' | 'there'> {
  const { image } = await cri.image.imageStatus({ image: imageSpec(demoReference) });
  if (image !== undefined) return 'there';
  mkdirSync(dirname(archive), { recursive: true });
  try {
    writeFileSync(archive, ociArchive(demoImage(), demoReference));
    execFileSync(cricket, ['images', 'import', archive], { stdio: ['ignore', 'ignore', 'inherit'] });
    return 'imported';
  } finally {
    rmSync(archive, { force: true });
  }
}

/** The demo pod that runs; where it does not, all that is left of it is removed and it is made anew. */
export async function ensureDemoPod(cri: CriClient): Promise<Demo> {
  const { items } = await cri.runtime.listPodSandbox({ filter: filled(PodSandboxFilter, { labelSelector: labels }) });
  const running = await Promise.all(items.map(({ id, state }) => runningIn(cri, id, state)));
  const found = running.find((demo) => demo !== undefined);
  for (const { id } of items) if (id !== found?.pod) await removePod(cri, id);
  return found ?? startDemoPod(cri, 1 + Math.max(-1, ...items.map(({ metadata }) => metadata?.attempt ?? 0)));
}

async function runningIn(cri: CriClient, pod: string, state: PodSandboxState): Promise<Demo | undefined> {
  if (state !== PodSandboxState.SANDBOX_READY) return undefined;
  const { containers } = await cri.runtime.listContainers({ filter: filled(ContainerFilter, { podSandboxId: pod }) });
  const container = containers.find((one) => one.state === ContainerState.CONTAINER_RUNNING);
  return container === undefined ? undefined : { pod, container: container.id, reused: true };
}

async function startDemoPod(cri: CriClient, attempt: number): Promise<Demo> {
  if (!existsSync(demoLogs)) mkdirSync(demoLogs, { recursive: true });
  const sandboxConfig = podConfig({ name: 'demo', uid: 'cricket-demo', attempt, labels, logDirectory: demoLogs });
  const { podSandboxId: pod } = await cri.runtime.runPodSandbox({ config: sandboxConfig });
  const config = containerConfig({
    name: 'demo',
    attempt,
    image: demoReference,
    labels,
    logPath: `demo/${attempt}.log`,
  });
  mkdirSync(join(demoLogs, 'demo'), { recursive: true });
  const { containerId: container } = await cri.runtime.createContainer({ podSandboxId: pod, config, sandboxConfig });
  await cri.runtime.startContainer({ containerId: container });
  return { pod, container, reused: false };
}

export async function removePod(cri: CriClient, pod: string): Promise<void> {
  await cri.runtime.stopPodSandbox({ podSandboxId: pod });
  await cri.runtime.removePodSandbox({ podSandboxId: pod });
}
