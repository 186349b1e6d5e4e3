import { IDMapping, NamespaceMode, UserNamespace } from '../../../api/cri/v1/api.ts';
import type { Mount, NamespaceOption } from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';

export const length = 65_536;

/** What the kubelet sends for `hostUsers: false`: the range of ids from `hostId` on. */
export function users(hostId: number, more: Partial<NamespaceOption> = {}): Partial<NamespaceOption> {
  return { usernsOptions: namespaceFrom(hostId), ...more };
}

export function namespaceFrom(hostId: number, gid = hostId): UserNamespace {
  return filled(UserNamespace, { mode: NamespaceMode.POD, uids: [range(hostId)], gids: [range(gid)] });
}

export const range = (hostId: number): IDMapping => filled(IDMapping, { hostId, containerId: 0, length });

/** A mount as the kubelet sends it to a pod with that range. */
export function mapped(hostId: number, mount: Partial<Mount>): Partial<Mount> {
  return { ...mount, uidMappings: [range(hostId)], gidMappings: [range(hostId)] };
}
