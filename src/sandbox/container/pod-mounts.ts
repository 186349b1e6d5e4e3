import type { BindMount } from '../oci/spec/input.ts';
import type { PodRecord } from '../pod/record.ts';
import type { Paths } from '../store/paths.ts';
import type { ContainerConfig } from './record.ts';

/**
 * What the pod gives each of its containers. On a read-only root file system the name files are read-only
 * too; a container that mounts its own at one of these places keeps its own.
 */
export function podMounts(paths: Paths, pod: PodRecord, config: ContainerConfig): readonly BindMount[] {
  const at = paths.pod(pod.id);
  const file = (hostPath: string, containerPath: string): BindMount => ({
    hostPath,
    containerPath,
    readonly: config.readonlyRootfs,
    recursiveReadonly: false,
    propagation: 'private',
    options: [],
    uidMappings: [],
    gidMappings: [],
  });
  const shm = pod.config.ipc === 'pod' ? at.shm : '/dev/shm';
  return [
    file(at.hosts, '/etc/hosts'),
    file(at.hostname, '/etc/hostname'),
    file(at.resolvConf, '/etc/resolv.conf'),
    { ...file(shm, '/dev/shm'), readonly: false, options: ['nosuid', 'nodev', 'noexec'] },
  ];
}
