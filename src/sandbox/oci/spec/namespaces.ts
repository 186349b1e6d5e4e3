import type { NamespaceChoice, Namespaces, SpecInput, UserNamespaceChoice } from './input.ts';
import type { OciLinux, OciNamespace } from './oci.ts';

/** The host's namespace is named by leaving the entry out; the mount namespace is always a new one. */
export function namespaceSection(namespaces: Namespaces): readonly OciNamespace[] {
  return [
    { type: 'mount' },
    ...entry('pid', namespaces.pid),
    ...entry('network', namespaces.net),
    ...entry('ipc', namespaces.ipc),
    ...entry('uts', namespaces.uts),
    ...entry('cgroup', namespaces.cgroup),
    ...entry('user', namespaces.user),
  ];
}

function entry(type: OciNamespace['type'], choice: NamespaceChoice | UserNamespaceChoice): readonly OciNamespace[] {
  switch (choice.kind) {
    case 'host':
      return [];
    case 'new':
      return [{ type }];
    case 'path':
      return [{ type, path: choice.path }];
  }
}

/** Given for a joined user namespace too: idmapped mounts need them. */
export function idMappings(user: UserNamespaceChoice): Pick<OciLinux, 'uidMappings' | 'gidMappings'> {
  if (user.kind === 'host') return {};
  return { uidMappings: user.uidMappings, gidMappings: user.gidMappings };
}

/** Only where the runtime makes the UTS namespace: the pod's has its name, the host's must keep its own. */
export function hostnameFor(input: Pick<SpecInput, 'hostname' | 'namespaces'>): string | undefined {
  return input.namespaces.uts.kind === 'new' ? input.hostname : undefined;
}

/**
 * A cgroup namespace of its own on v2, so that a container does not see where it hangs. On v1, and when
 * privileged, the host's: what the kubelet's users are used to.
 */
export function chooseCgroupNamespace(cgroupVersion: 1 | 2, privileged: boolean): NamespaceChoice {
  return cgroupVersion === 2 && !privileged ? { kind: 'new' } : { kind: 'host' };
}
