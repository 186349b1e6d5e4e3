import type { ContainerConfig, PodSandboxConfig } from '../../api/cri/v1/api.ts';
import type { CriClient } from '../lib/cri-client.ts';
import type { PluginsAlone } from './plugins-alone.ts';
import type { Service } from './service.ts';
import type { MetricsAddress } from './metrics-address.ts';

/** What a kubelet has made and settled before its first call. */
export interface PodPlan {
  readonly name: string;
  readonly cgroup: string;
  readonly logs: string;
  readonly sandbox: PodSandboxConfig;
  readonly container: ContainerConfig;
}

export interface Pod {
  readonly id: string;
  readonly container: string;
  readonly plan: PodPlan;
}

/** One daemon under measurement. */
export interface Contestant {
  readonly name: string;
  /** As it calls itself: `containerd 1.6.20`. */
  readonly version: string;
  readonly endpoint: string;
  readonly cri: CriClient;
  /** Where its pods get what a kubelet would give them. */
  readonly dir: string;
  /** Cgroup below which each of its pods has one. */
  readonly cgroup: string;
  /** A reference that it has pulled. */
  readonly image: string;
  /** Value of the label that all pods of this run bear. */
  readonly run: string;
  /** Pods that run in the background. */
  readonly standing: Pod[];
  /** Undefined for one that was running before us: that is not restarted. */
  readonly service: Service | undefined;
  /** Where it tells its metrics; undefined where that is not known. */
  readonly metrics: MetricsAddress | undefined;
  /** The plugins that make its pods' network, to be timed without it. */
  readonly plugins: PluginsAlone | undefined;
}
