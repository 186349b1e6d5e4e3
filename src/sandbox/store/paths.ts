import { join } from 'node:path';
import type { ContainerId, InstanceId, PodId } from '../../base/ids.ts';

/** Where everything of a pod or container stands. `root` outlives a reboot, `state` does not. */
export interface Paths {
  readonly podRecords: string;
  readonly containerRecords: string;
  /** conmon writes one file per ended container here. */
  readonly exits: string;
  /** Logs of containers that no kubelet made, and so none removes. */
  readonly logs: string;
  /** Volumes with names: a directory each. They outlive the containers that use them. */
  readonly volumes: string;
  pod(id: PodId): {
    readonly directory: string;
    readonly record: string;
    readonly state: string;
    readonly hosts: string;
    readonly hostname: string;
    readonly resolvConf: string;
    /** Run-time directory, with the shared memory mount and the ipc, uts and user pins. */
    readonly runtime: string;
    readonly shm: string;
    readonly net: string;
    readonly ipc: string;
    readonly uts: string;
    readonly user: string;
  };
  container(id: ContainerId): {
    readonly directory: string;
    readonly record: string;
    readonly state: string;
    readonly upper: string;
    readonly work: string;
    /** OCI bundle: config.json, rootfs, and conmon's sockets and pid files. */
    readonly bundle: string;
    readonly rootfs: string;
    readonly spec: string;
    readonly exit: string;
    readonly control: string;
    /** What the image declares as volumes: a directory each. */
    readonly volumes: string;
    /** Images that it mounts: a mount each. */
    readonly images: string;
    /** There while a commit holds it still. */
    readonly heldStill: string;
    /** Mounts of volumes with shifted owners, while a container in a user namespace is made of them. */
    readonly shifted: string;
    /** The same of layers, while an overlay is. */
    readonly staging: string;
  };
}

export function createPaths(root: string, state: string, instance: InstanceId): Paths {
  const podRecords = join(root, 'pods');
  const containerRecords = join(root, 'containers');
  const exits = join(state, 'exits');
  const logs = join(root, 'logs');
  const volumes = join(root, 'volumes');
  return {
    podRecords,
    containerRecords,
    exits,
    logs,
    volumes,
    pod(id) {
      const directory = join(podRecords, id);
      const runtime = join(state, 'pods', id);
      return {
        directory,
        record: join(directory, 'pod.json'),
        state: join(directory, 'state.json'),
        hosts: join(directory, 'hosts'),
        hostname: join(directory, 'hostname'),
        resolvConf: join(directory, 'resolv.conf'),
        runtime,
        shm: join(runtime, 'shm'),
        net: netPin(instance, id),
        ipc: join(runtime, 'ipc'),
        uts: join(runtime, 'uts'),
        user: join(runtime, 'user'),
      };
    },
    container(id) {
      const directory = join(containerRecords, id);
      const bundle = join(state, 'containers', id);
      return {
        directory,
        record: join(directory, 'container.json'),
        state: join(directory, 'state.json'),
        upper: join(directory, 'upper'),
        work: join(directory, 'work'),
        bundle,
        rootfs: join(bundle, 'rootfs'),
        spec: join(bundle, 'config.json'),
        exit: join(exits, id),
        control: join(bundle, 'ctl'),
        volumes: join(directory, 'volumes'),
        images: join(bundle, 'images'),
        heldStill: join(bundle, 'held-still'),
        shifted: join(bundle, 'shifted'),
        staging: join(bundle, 'shifted/layers'),
      };
    },
  };
}

/** Network namespaces are pinned where ip(8) and other tools look for them. */
export const netPinDirectory = '/run/netns';
const netPinPrefix = (instance: InstanceId) => `cricket-${instance}-`;

function netPin(instance: InstanceId, id: PodId): string {
  return join(netPinDirectory, netPinPrefix(instance) + id.slice(0, 24));
}

/** The beginning of the pod's id, if a file in /run/netns is a pin of this instance. */
export function podOfNetPin(instance: InstanceId, name: string): string | undefined {
  const prefix = netPinPrefix(instance);
  return name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
}
