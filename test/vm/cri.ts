import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ContainerState, NamespaceMode, NamespaceOption } from '../../api/cri/v1/api.ts';
import type { ContainerStatus } from '../../api/cri/v1/api.ts';
import { filled } from '../../hack/lib/cri-client.ts';
import type { CriClient } from '../../hack/lib/cri-client.ts';
import { containerConfig, podConfig } from '../../hack/lib/cri-messages.ts';
import type { ContainerWish } from '../../hack/lib/cri-messages.ts';
import { demoReference } from '../../hack/lib/demo-image.ts';
import { eventually } from '../fixtures/pods.ts';

export interface GuestContainer {
  readonly pod: string;
  readonly id: string;
  readonly logPath: string;
  /** Of its first process. */
  readonly pid: number;
}

export interface GuestWish extends Omit<ContainerWish, 'image'> {
  readonly cgroupParent?: string;
  /** One PID namespace for the pod; else one for each container. */
  readonly sharedPid?: boolean;
}

const logs = '/tmp/pod-logs';

/** A pod with one container of the demo image, running. */
export async function runContainer(cri: CriClient, guestWish: GuestWish): Promise<GuestContainer> {
  const { cgroupParent = '', sharedPid = false, ...wish } = guestWish;
  const { name } = wish;
  const namespaceOptions = filled(NamespaceOption, { pid: sharedPid ? NamespaceMode.POD : NamespaceMode.CONTAINER });
  const logDirectory = join(logs, name);
  mkdirSync(logDirectory, { recursive: true });
  const sandboxConfig = podConfig({ name, logDirectory, cgroupParent, namespaces: namespaceOptions });
  const { podSandboxId: pod } = await cri.runtime.runPodSandbox({ config: sandboxConfig });
  const config = containerConfig({
    ...{ ...wish, image: demoReference, logPath: `${name}.log` },
    security: { ...wish.security, namespaceOptions },
  });
  const { containerId: id } = await cri.runtime.createContainer({ podSandboxId: pod, config, sandboxConfig });
  await cri.runtime.startContainer({ containerId: id });
  const { info } = await cri.runtime.containerStatus({ containerId: id, verbose: true });
  const { pid } = JSON.parse(info['info'] ?? '{}') as { readonly pid: number };
  return { pod, id, pid, logPath: join(logDirectory, `${name}.log`) };
}

export async function statusOf(cri: CriClient, containerId: string): Promise<ContainerStatus> {
  const { status } = await cri.runtime.containerStatus({ containerId });
  if (status === undefined) throw new Error('the answer has no status');
  return status;
}

/** Its status once it has ended. */
export async function endOf(cri: CriClient, containerId: string): Promise<ContainerStatus> {
  return eventually(async () => {
    const status = await statusOf(cri, containerId);
    if (status.state !== ContainerState.CONTAINER_EXITED) throw new Error(`still in state ${status.state}`);
    return status;
  }, 60_000);
}

export async function removePods(cri: CriClient): Promise<void> {
  const { items } = await cri.runtime.listPodSandbox();
  for (const { id } of items) await cri.runtime.removePodSandbox({ podSandboxId: id });
}

export async function shell(cri: CriClient, containerId: string, script: string): Promise<string> {
  const answer = await cri.runtime.execSync({ containerId, cmd: ['sh', '-c', script], timeout: 60n });
  if (answer.exitCode !== 0) throw new Error(`${script}: ${answer.exitCode}: ${Buffer.from(answer.stderr).toString()}`);
  return Buffer.from(answer.stdout).toString().trim();
}
