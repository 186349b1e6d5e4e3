import type { PodId } from '../../base/ids.ts';
import type { PlainFile } from '../../base/plain-file.ts';
import type { PodConfig } from '../pod/record.ts';

/** What the node can say of its pod network: NetworkReady in Status. */
export type NetworkReadiness =
  { readonly ready: true } | { readonly ready: false; readonly reason: string; readonly message: string };

/** What a network is told of a pod. */
export interface NetworkedPod {
  readonly id: PodId;
  /** Path of its pinned network namespace. */
  readonly netns: string;
  readonly config: PodConfig;
  /** Resolves when the namespace is there: what needs none is done before. Absent: it is. */
  readonly pinned?: Promise<unknown>;
  /** Resolves when the Worker of the namespaces has been asked for it: what is asked of that one now comes after it. */
  readonly asked?: Promise<unknown>;
  /**
   * Told of its addresses as soon as they are the pod's; the files it answers are to be written before the attach ends: a
   * network that has something made by a Worker after that has it write them too.
   */
  readonly filesFor?: (ips: readonly string[]) => Promise<readonly PlainFile[]>;
  /** Writes such files for a network that has not. */
  readonly write?: (files: readonly PlainFile[]) => Promise<void>;
}

/**
 * Pods that were given a network, or are about to be, and not detached. Asked at the moment it matters: a pod may come
 * while others are looked at.
 */
export type LivePods = Pick<ReadonlySet<PodId>, 'has'>;

/** The network of the pods that have one of their own, whoever makes it. */
export interface PodNetwork {
  /**
   * Gives the pod its interface, addresses, routes and host ports. Idempotent by pod: a retry finishes the first
   * attempt and answers the same addresses, the primary one first. The signal is the daemon's, no request's.
   * Errors: `resource_exhausted` without a free address, `failed_precondition` while the network is not ready.
   */
  attach(pod: NetworkedPod, signal: AbortSignal): Promise<{ readonly ips: readonly string[] }>;
  /**
   * Takes it all back. Call it before the namespace is unpinned; succeeds where pod or namespace are gone. The address
   * is given to no one else before its link has left the kernel.
   */
  detach(pod: PodId, signal: AbortSignal): Promise<void>;
  ready(): NetworkReadiness;
  /** What it has for the pod, for `crictl inspectp`; undefined where it has nothing. Out of memory. */
  describe(pod: PodId): object | undefined;
  /** The kubelet's range for new pods, taken before the configured ones and kept across restarts; '' changes nothing. */
  setPodCidr(cidr: string): Promise<void>;
  /**
   * Releases what belongs to no pod in `live`, mends what others broke, and says what it did in one line each. Attaches
   * that run meanwhile are left alone.
   */
  reconcile(live: LivePods, signal: AbortSignal): Promise<readonly string[]>;
  /** Stops timers and writes down what is only in memory; every pod keeps its network. */
  close(): Promise<void>;
}

/** The networks of a node: each pod has one of them. */
export interface NodeNetwork extends PodNetwork {
  /** Which one new pods get, and of what it is made, for `crictl info`. Out of memory. */
  summary(): object;
}
