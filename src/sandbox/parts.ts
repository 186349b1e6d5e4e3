import type { Flights } from '../base/flights.ts';
import type { InstanceId } from '../base/ids.ts';
import type { KeyedLocks } from '../base/locks.ts';
import type { Logger } from '../base/log.ts';
import type { ReachStep } from '../base/steps.ts';
import type { Cgroups } from '../cgroups/cgroups.ts';
import type { Images } from '../image/service.ts';
import type { DiskPool } from '../linux/disk.ts';
import type { PodCalls } from '../linux/pod-calls.ts';
import type { ContainerContexts } from '../linux/selinux.ts';
import type { Watcher } from '../linux/watcher.ts';
import type { AppArmor } from './apparmor/apparmor.ts';
import type { EventSink } from './events/event-log.ts';
import type { NodeNetwork } from './network/network.ts';
import type { CdiLibrary } from './oci/cdi/library.ts';
import type { CdiWatch } from './oci/cdi/watch.ts';
import type { BlockIoClasses } from './oci/blockio.ts';
import type { FeatureReader } from './oci/features.ts';
import type { OciRuntime } from './oci/runtime.ts';
import type { SeccompFilters } from './oci/seccomp-filters.ts';
import type { HostFacts } from './oci/spec/input.ts';
import type { UserNamespaces } from './pod/user-namespace-support.ts';
import type { UlimitSettings } from './oci/spec/ulimits.ts';
import type { Paths } from './store/paths.ts';
import type { Store } from './store/store.ts';

/** What the configuration decides for sandboxes and containers. */
export interface SandboxSettings extends UlimitSettings {
  readonly conmon: string;
  /** Init of a shared PID namespace. */
  readonly init: string;
  readonly cgroupParent: string;
  readonly pidsLimit: number;
  readonly blockIoClasses: BlockIoClasses;
  readonly defaultRuntime: string;
  /** Where OCI hooks are. */
  readonly hookDirectories: readonly string[];
  /** Bytes; -1: any. */
  readonly logSizeMax: number;
  /** Bytes that let a client go from a terminal; none: nothing does. */
  readonly detachKeys: Uint8Array;
}

/**
 * Everything the operations of this room work with; `daemon.ts` makes it. An operation names the parts it
 * uses as `Pick<Parts, …>`: nobody is handed the whole.
 */
export interface Parts {
  readonly store: Store;
  readonly paths: Paths;
  readonly bootId: string;
  /** In the name of everything we make in the kernel. */
  readonly instance: InstanceId;
  readonly settings: SandboxSettings;
  readonly runtimes: ReadonlyMap<string, OciRuntime>;
  /** What each of them can do. */
  readonly features: FeatureReader;
  readonly host: HostFacts;
  readonly userNamespaces: UserNamespaces;
  readonly seccompFilters: SeccompFilters;
  /** What devices are, by the names that containers give. */
  readonly cdi: Pick<CdiLibrary, 'resolve'>;
  readonly cdiWatch: Pick<CdiWatch, 'summary'>;
  /** Undefined where SELinux is off. */
  readonly selinux: ContainerContexts | undefined;
  readonly apparmor: Pick<AppArmor, 'profileFor' | 'summary'>;
  /** Our own oom_score_adj, and whether we may give lower ones. */
  readonly oomScore: { readonly own: number; readonly maySetLower: boolean };
  readonly cgroups: Cgroups;
  readonly images: Images;
  readonly network: NodeNetwork;
  readonly watcher: Watcher;
  readonly podCalls: PodCalls;
  /** Our own directories. */
  readonly disk: DiskPool;
  /** Paths that users name. */
  readonly hostPaths: DiskPool;
  /** One per pod or container id: calls on one object are ordered. */
  readonly locks: KeyedLocks<string>;
  /** Creations, stops and removals in flight: a retry joins. */
  readonly flights: Flights<string, unknown>;
  readonly log: Logger;
  /** What happens, for the journal and who follows it. */
  readonly events: EventSink;
  readonly reach: ReachStep;
  /** Ends with the daemon, never with a request. */
  readonly lifetime: AbortSignal;
}
