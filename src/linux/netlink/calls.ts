/** An address of either family with the length of its network's prefix. */
export interface InterfaceAddress {
  readonly address: string;
  readonly prefix: number;
}

export interface Link {
  readonly index: number;
  readonly name: string;
  /** ifindex of the bridge it is a port of, 0 if none. */
  readonly master: number;
  /** Meant to be up; `running` says that it has its carrier too. */
  readonly up: boolean;
  readonly running: boolean;
  /** `bridge`, `veth`, …; '' for a physical one. */
  readonly kind: string;
  readonly mtu: number;
  readonly mac: string;
  readonly alias: string;
}

export interface Survey {
  readonly links: readonly Link[];
  readonly addresses: readonly (InterfaceAddress & { readonly index: number })[];
  /** ifindex of the IPv4 default route's interface, 0 without one. */
  readonly uplink: number;
  /** The same for IPv6. */
  readonly uplink6: number;
  /** The host has IPv6 and has not turned it off. */
  readonly ipv6: boolean;
}

export interface TransportPort {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
}

export interface Listener {
  /** The unspecified one for all. */
  readonly address: string;
  /** An IPv6 socket that takes IPv4 too. */
  readonly bothFamilies: boolean;
  readonly inode: number;
}

export interface BridgePlan {
  readonly name: string;
  readonly mac: string;
  readonly mtu: number;
  /** Exactly these addresses are on the bridge afterwards. */
  readonly gateways: readonly InterfaceAddress[];
}

/** The pod's end: its name in there, its addresses, and where everything else is reached from each. */
export interface PodLink {
  /** Path of the pinned network namespace. */
  readonly netns: string;
  readonly ifname: string;
  readonly addresses: readonly (InterfaceAddress & { readonly gateway: string })[];
}

export interface AttachPlan extends PodLink {
  readonly bridge: string;
  /** Name of the host's end. */
  readonly hostLink: string;
  /** Kept in IFLA_IFALIAS: says whose link it is, for people and for the reconciler. */
  readonly alias: string;
  /** Of the pod's end. */
  readonly mac: string;
  readonly mtu: number;
}

/**
 * What the network asks of the kernel, each one synchronous (a type, not an interface: it is a Worker's task list). All
 * of them take the rtnl lock, which the clean-up of a namespace holds for tens of milliseconds: so they run in a Worker,
 * the one that pins namespaces, never on the main thread.
 */
export type LinkCalls = {
  readonly surveyLinks: (nothing: undefined) => Survey;
  /** Makes the bridge or mends it. What had to be done, in words; nothing where all was well. */
  readonly ensureBridge: (plan: BridgePlan) => readonly string[];
  /** Turns IPv4 forwarding on or off. True if that changed it. */
  readonly setForwarding: (on: boolean) => boolean;
  /** Turns IPv6 forwarding on or off, and keeps router advertisements. What had to be done, in words. */
  readonly setForwarding6: (on: boolean) => readonly string[];
  /** Finishes a link made half before; leaves a complete one alone. */
  readonly attachLink: (plan: AttachPlan) => void;
  /**
   * Takes the link off its bridge and sets it down without a wait; the kernel deletes it with its namespace.
   * True if it is gone already.
   */
  readonly detachLink: (hostLink: string) => boolean;
  /** Puts host ends back on the bridge, up. Answers those that were astray and exist. */
  readonly rejoinLinks: (plan: { readonly bridge: string; readonly links: readonly string[] }) => readonly string[];
  /** Deletes links, which blocks for some 30 ms each. Absent is fine. */
  readonly removeLinks: (links: readonly string[]) => void;
  /** Which of these names still exist. */
  readonly existingLinks: (links: readonly string[]) => readonly string[];
  /** Lets 127.0.0.1 of this host reach the pods with these addresses by a host port: route_localnet of their links. */
  readonly allowLoopback: (addresses: readonly string[]) => void;
  /** Sockets of this host that wait for peers on a port. */
  readonly listeners: (port: TransportPort) => readonly Listener[];
  /** `nginx (process 123)`, of whoever has the socket open; it looks through all processes. */
  readonly socketOwner: (inode: number) => string;
  /** Forgets tracked UDP flows of a host port: to these addresses, and those that were answered by the host itself. */
  readonly forgetFlows: (flows: { readonly port: number; readonly addresses: readonly string[] }) => void;
};

/**
 * How the main thread reaches them: a Worker whose tasks are `linkCalls()` (operations.ts). Calls are carried out in
 * the order in which they were asked for. The signal ends the wait only.
 */
export type LinkRunner = <K extends keyof LinkCalls>(
  call: K,
  argument: Parameters<LinkCalls[K]>[0],
  signal: AbortSignal,
) => Promise<ReturnType<LinkCalls[K]>>;
