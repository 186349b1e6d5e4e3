import type { PodId } from '../../base/ids.ts';
import type { RecordFile } from '../../base/plain-file.ts';
import type { AttachPlan } from '../../linux/netlink/calls.ts';
import type { StepRecord } from '../../linux/pod-worker.ts';
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
  /** Who makes that namespace; absent: it is there. */
  readonly maker?: PodMaker;
}

/** Who makes a pod, with what its network wants of it: each way to a Worker and back takes its time, so all ride in one. */
export interface PodMaker {
  /**
   * Makes the pod's namespaces; to be asked once. Before them `records` are written, each told of by its step; after them the
   * link is made and, where `ips` tells the pod's addresses, the files that containers see are written. Errors: the first
   * one's; what was made before it stays.
   */
  make(wish: MakeWish): Promise<void>;
  /** Writes records and then, with its addresses, the pod's files; removes what is obsolete by then. */
  write(wish: WriteWish): Promise<void>;
}

export interface MakeWish {
  readonly records?: readonly StepRecord[];
  readonly link?: AttachPlan;
  readonly ips?: readonly string[];
}

export interface WriteWish {
  readonly ips: readonly string[];
  readonly records?: readonly RecordFile[];
  readonly obsolete?: readonly string[];
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
