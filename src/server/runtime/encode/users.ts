import { NamespaceMode } from '../../../../api/cri/v1/api.ts';
import type { IDMapping, UserNamespace } from '../../../../api/cri/v1/api.ts';
import type { IdMapping, UserMaps } from '../../../linux/user-namespace.ts';

export function encodeUsers(users: UserMaps | null): UserNamespace | undefined {
  if (users === null) return undefined;
  return { mode: NamespaceMode.POD, ...encodeMaps(users) };
}

export function encodeMaps(users: UserMaps | null): { readonly uids: IDMapping[]; readonly gids: IDMapping[] } {
  return { uids: users?.uids.map(onWire) ?? [], gids: users?.gids.map(onWire) ?? [] };
}

const onWire = ({ containerId, hostId, size }: IdMapping): IDMapping => ({ containerId, hostId, length: size });
