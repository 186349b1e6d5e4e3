import { fail } from '../../base/errors.ts';
import type { NamespaceKind } from '../../linux/namespaces.ts';
import { holdUserNamespace, hostId } from '../../linux/user-namespace.ts';
import type { HeldNamespaces, IdMapping } from '../../linux/user-namespace.ts';
import type { Shift } from '../../linux/shifted.ts';
import type { HostFacts, UserNamespaceChoice } from '../oci/spec/input.ts';
import type { Parts } from '../parts.ts';
import type { PodConfig, PodRecord, UserMaps } from './record.ts';

/** A process that holds the namespaces which a sandbox's user namespace shall own; undefined: it has none. */
export async function holdForPod(
  { watcher }: Pick<Parts, 'watcher'>,
  { config, pins }: PodRecord,
  signal: AbortSignal,
): Promise<HeldNamespaces | undefined> {
  if (config.users === null) return undefined;
  const kinds = (['net', 'ipc', 'uts'] as const).filter((kind: NamespaceKind) => pins[kind] !== undefined);
  return holdUserNamespace(watcher, { ...config.users, kinds }, signal);
}

/** Whom root of a sandbox is on the host. */
export function rootOf({ users }: Pick<PodConfig, 'users'>): Shift['root'] {
  return users === null ? { uid: 0, gid: 0 } : { uid: hostId(users.uids, 0) ?? 0, gid: hostId(users.gids, 0) ?? 0 };
}

/** For whom the owners of a sandbox's files are shifted; undefined: they stay. */
export function shiftOf({ config, pins }: PodRecord): Shift | undefined {
  return pins.user === undefined ? undefined : { userNamespace: pins.user, root: rootOf(config) };
}

/** The user of a container must be one that its sandbox has. Errors: `invalid_argument`. */
export function checkMapped(
  { users }: Pick<PodConfig, 'users'>,
  user: { readonly uid: number; readonly gid: number; readonly additionalGids: readonly number[] },
): void {
  if (users === null) return;
  const check = (what: string, id: number, maps: UserMaps['uids']) => {
    if (hostId(maps, id) !== undefined) return;
    const [map] = maps;
    throw fail(
      'invalid_argument',
      `${what} ${id} is not in the user namespace of the sandbox, which has 0 to ${(map?.size ?? 0) - 1}`,
    );
  };
  check('user', user.uid, users.uids);
  for (const group of [user.gid, ...user.additionalGids]) check('group', group, users.gids);
}

/** What containers of a sandbox join. */
export function userNamespace({ config: { users }, pins }: PodRecord): UserNamespaceChoice {
  if (users === null || pins.user === undefined) return { kind: 'host' };
  return { kind: 'path', path: pins.user, uidMappings: users.uids.map(forOci), gidMappings: users.gids.map(forOci) };
}

const forOci = ({ containerId: containerID, hostId: hostID, size }: IdMapping) => ({ containerID, hostID, size });

/**
 * What the host lets containers of a sandbox do: whoever enters a user namespace has all capabilities there, whatever the
 * host withholds (user_namespaces(7)).
 */
export function hostFor({ pins }: PodRecord, host: HostFacts): HostFacts {
  if (pins.user === undefined) return host;
  const { known } = host.capabilities;
  return { ...host, capabilities: { known, grantable: known } };
}

/** A user or group of a sandbox with no rights: 65534 as everywhere, or the last one of few. */
export function nobodyOf({ users }: Pick<PodConfig, 'users'>, kind: 'uids' | 'gids'): number {
  return Math.min(65_534, ...(users?.[kind] ?? []).map(({ size }) => size - 1));
}
