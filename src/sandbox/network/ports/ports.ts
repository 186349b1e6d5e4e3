import type { PodId } from '../../../base/ids.ts';
import type { LivePods, NetworkedPod } from '../network.ts';

/** An address of a pod with the bits of the network it lies in: neighbours there see answers without the host. */
export interface PodAddress {
  readonly ip: string;
  readonly prefix: number;
}

/** Ports of the host that lead into pods, whoever makes their network. A pod without ports costs no call. */
export interface HostPorts {
  /**
   * Takes the pod's ports, before its network is made. Idempotent by pod. Errors: `failed_precondition` naming the pod
   * or process that holds one of them, `invalid_argument` for a host address that is not this host's.
   */
  reserve(pod: NetworkedPod): Promise<void>;
  /** Leads the reserved ports to the pod's addresses, the first of each family. Idempotent. */
  open(pod: PodId, addresses: readonly PodAddress[]): Promise<void>;
  /** Closes and forgets them; absent is fine. Call it before the pod's network is taken away. */
  release(pod: PodId): Promise<void>;
  /** Mends as `mend` does, releases ports of pods not in `live`, and says what it did. */
  reconcile(live: LivePods): Promise<readonly string[]>;
  /** Writes the rules anew where they are not as we left them, and says so. */
  mend(): Promise<readonly string[]>;
  /** Why ports cannot be published; undefined while all is well. */
  problem(): string | undefined;
  close(): Promise<void>;
}
