import { expect } from 'chai';
import { NamespaceMode, NamespaceOption } from '../../../api/cri/v1/api.ts';
import type { PortMapping } from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { createContainer, runPod } from '../../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../../fixtures/pods.ts';
import { mapped, users } from '../userns/lab.ts';

/** In the order of a life. */
export const operations = ['run', 'create', 'start', 'exec', 'stop', 'stopPod', 'remove', 'removePod'] as const;
export type Operation = (typeof operations)[number];

/** A pod with one container, taken through its life one operation at a time, each of which may be cut short. */
export class Victim {
  readonly #cricket: Cricket;
  readonly #name: string;
  readonly #pidMode: NamespaceMode;
  #pod: TestPod | undefined;
  #container: TestContainer | undefined;

  /** Whose mounts stand on the host while it is made. */
  readonly #hostId: number | undefined;

  /** A pod with a host port has more to lose: those that are killed at the network's steps have one. */
  readonly #ports: readonly Partial<PortMapping>[];

  constructor(
    cricket: Cricket,
    step: string,
    { sharedPid, hostId }: { readonly sharedPid: boolean; readonly hostId?: number },
  ) {
    this.#cricket = cricket;
    this.#hostId = hostId;
    this.#ports = step.includes(':net-') ? [{ hostPort: 28_765, containerPort: 80 }] : [];
    this.#name = step.replace(':', '-');
    this.#pidMode = sharedPid ? NamespaceMode.POD : NamespaceMode.CONTAINER;
  }

  /** Everything before `operation` that must be: the removals need no stop before them. */
  async upTo(operation: Operation): Promise<void> {
    const needed = (['run', 'create', 'start'] as const).filter(
      (one) => operations.indexOf(one) < operations.indexOf(operation),
    );
    for (const one of needed) await this.perform(one);
  }

  /** From `operation` on to the end, as if nothing had happened: what a kubelet does that got no answer. */
  async retry(operation: Operation): Promise<void> {
    for (const one of operations.slice(operations.indexOf(operation))) await this.perform(one);
  }

  async perform(operation: Operation): Promise<void> {
    const { runtime } = this.#cricket.client;
    switch (operation) {
      case 'run':
        this.#pod = await runPod(this.#cricket, {
          name: this.#name,
          namespaces: this.#namespaces,
          ports: this.#ports,
        });
        return;
      case 'create':
        this.#container = await createContainer(this.#cricket, this.pod, {
          name: 'main',
          security: { namespaceOptions: filled(NamespaceOption, this.#namespaces) },
          mounts: this.#hostId === undefined ? [] : [mapped(this.#hostId, { hostPath: '/srv', containerPath: '/srv' })],
        });
        return;
      case 'start':
        await runtime.startContainer({ containerId: this.container.id });
        return;
      case 'exec':
        await this.#exec();
        return;
      case 'stop':
        await runtime.stopContainer({ containerId: this.container.id, timeout: 10n });
        return;
      case 'stopPod':
        await runtime.stopPodSandbox({ podSandboxId: this.pod.id });
        return;
      case 'remove':
        await runtime.removeContainer({ containerId: this.container.id });
        return;
      case 'removePod':
        await runtime.removePodSandbox({ podSandboxId: this.pod.id });
        return;
    }
  }

  /** Stops the container without a grace period. */
  async kill(): Promise<void> {
    await this.#cricket.client.runtime.stopContainer({ containerId: this.container.id, timeout: 0n });
  }

  async #exec(): Promise<void> {
    const cmd = ['sh', '-c', 'echo said; sleep 0.2'];
    const { stdout, exitCode } = await this.#cricket.client.runtime.execSync({ containerId: this.container.id, cmd });
    expect({ said: Buffer.from(stdout).toString(), exitCode }).to.deep.equal({ said: 'said\n', exitCode: 0 });
  }

  get #namespaces(): Partial<NamespaceOption> {
    const pid = { pid: this.#pidMode };
    return this.#hostId === undefined ? pid : users(this.#hostId, pid);
  }

  get podId(): string | undefined {
    return this.#pod?.id;
  }

  get pod(): TestPod {
    if (this.#pod === undefined) throw new Error('no pod was run');
    return this.#pod;
  }

  get container(): TestContainer {
    if (this.#container === undefined) throw new Error('no container was created');
    return this.#container;
  }
}
