import { NamespaceMode } from '../../../../api/cri/v1/api.ts';
import type { IDMapping, Mount, UserNamespace } from '../../../../api/cri/v1/api.ts';
import { fail } from '../../../base/errors.ts';
import type { PodConfig, UserMaps } from '../../../sandbox/pod/record.ts';
import { sameAsWritten } from '../../../sandbox/store/same.ts';

/** The kernel's ids end here: 2^32 - 1 means none. */
const idEnd = 2 ** 32 - 1;

/**
 * A sandbox's user namespace (KEP-127); null: the host's. Errors: `invalid_argument` for modes other than POD and NODE,
 * and for anything but one mapping each of users and groups, from 0 on.
 */
export function parseUsers(given: UserNamespace | undefined, field: string): UserMaps | null {
  const mode = given?.mode ?? NamespaceMode.NODE;
  const mappings = [...(given?.uids ?? []), ...(given?.gids ?? [])];
  switch (mode) {
    case NamespaceMode.POD:
      return { uids: [parseOne(given?.uids, `${field}.uids`)], gids: [parseOne(given?.gids, `${field}.gids`)] };
    case NamespaceMode.NODE:
      if (mappings.length > 0)
        throw fail('invalid_argument', `${field} has mappings, but mode NODE asks for the host's user namespace`);
      return null;
    default:
      throw fail('invalid_argument', `${field}.mode is ${mode}: a user namespace is the pod's (0) or the node's (2)`);
  }
}

function parseOne(given: readonly IDMapping[] = [], field: string): UserMaps['uids'][number] {
  const [mapping] = given;
  if (mapping === undefined || given.length > 1)
    throw fail('invalid_argument', `${field} has ${given.length} mappings: a user namespace takes exactly one`);
  const { containerId, hostId, length: size } = mapping;
  if (containerId !== 0)
    throw fail('invalid_argument', `${field} maps ids from ${containerId} on: they must begin at 0, or root has none`);
  if (size === 0) throw fail('invalid_argument', `${field} has length 0: no id would be mapped`);
  if (hostId + size > idEnd)
    throw fail('invalid_argument', `${field} maps ${size} ids from ${hostId} on: those of a host end at ${idEnd - 1}`);
  return { containerId, hostId, size };
}

/** A container says nothing, or what its sandbox said. Errors: `invalid_argument`. */
export function checkUsers(given: UserNamespace | undefined, pod: Pick<PodConfig, 'users'>, field: string): void {
  if (given === undefined) return;
  if (!sameAsWritten(parseUsers(given, field), pod.users))
    throw fail(
      'invalid_argument',
      `${field} is not that of the sandbox: all containers of a pod share its user namespace`,
    );
}

/** Whether the files of a mount shall have the owners of the sandbox's user namespace. Errors: `invalid_argument`. */
export function parseMountUsers(mount: Mount, pod: Pick<PodConfig, 'users'>, where: string): UserMaps | null {
  const { uidMappings, gidMappings } = mount;
  if (uidMappings.length + gidMappings.length === 0) return null;
  const asked = { uids: uidMappings.map(plain), gids: gidMappings.map(plain) };
  if (pod.users !== null && sameAsWritten(asked, pod.users)) return asked;
  throw fail(
    'invalid_argument',
    `${where}: uid and gid mappings are those of the sandbox's user namespace or none; ${pod.users === null ? 'it has none of its own' : 'these are others'}`,
  );
}

const plain = ({ containerId, hostId, length: size }: IDMapping) => ({ containerId, hostId, size });
