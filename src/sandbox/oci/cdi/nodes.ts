import { lstat, realpath } from 'node:fs/promises';
import { errnoOf, fail } from '../../../base/errors.ts';
import { splitDeviceNumber } from '../spec/host-devices.ts';
import type { CdiNode } from './spec-file.ts';

/** A node to make in the container. */
export interface HostNode {
  readonly path: string;
  readonly type: 'b' | 'c' | 'p';
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  /** Undefined: the container's user. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Of `rwm`. */
  readonly access: string;
}

/** What an OCI runtime gives a node of which nothing is said. */
const defaultMode = 0o666;

/**
 * A device node of a CDI file; what it does not say is looked up on the host, at `hostPath` if that is another place.
 * Errors: `failed_precondition` for one that is not there, or is another kind of node.
 */
export async function resolveNode(node: CdiNode): Promise<HostNode> {
  const { path, fileMode, uid, gid } = node;
  const given = node.type === 'u' ? 'c' : node.type;
  const numbers =
    given === 'p' || (given !== '' && node.major !== 0)
      ? { type: given, major: node.major, minor: node.minor }
      : await numbersAt(node.hostPath ?? path);
  if (given !== '' && given !== numbers.type)
    throw fail('failed_precondition', `CDI device node ${path}: it says type ${given}, the host has ${numbers.type}`);
  return {
    ...{ path, ...numbers, fileMode: fileMode ?? defaultMode, access: node.permissions || 'rwm' },
    ...{ uid: uid ?? undefined, gid: gid ?? undefined },
  };
}

async function numbersAt(path: string): Promise<Pick<HostNode, 'type' | 'major' | 'minor'>> {
  try {
    const stats = await lstat(await realpath(path));
    if (stats.isFIFO()) return { type: 'p', major: 0, minor: 0 };
    if (stats.isCharacterDevice() || stats.isBlockDevice())
      return { type: stats.isBlockDevice() ? 'b' : 'c', ...splitDeviceNumber(stats.rdev) };
  } catch (error) {
    throw fail('failed_precondition', `CDI device node ${path}: ${errnoOf(error) ?? 'cannot be looked at'}`, error);
  }
  throw fail('failed_precondition', `CDI device node ${path}: it is no device`);
}
