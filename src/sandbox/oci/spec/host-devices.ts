import { lstat, readdir, realpath } from 'node:fs/promises';
import { posix } from 'node:path';
import { errnoOf, fail } from '../../../base/errors.ts';
import { throwIfAborted } from '../../../base/abort.ts';
import type { Stats } from 'node:fs';
import type { DeviceNode } from './input.ts';

/** Directories of /dev that are file systems of their own, which a container gets new ones of. */
const skippedDirectories = new Set(['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev']);

/** Every device node of the host at its own path, for privileged containers. The console is never shared. */
export async function listHostDevices(signal: AbortSignal, root = '/dev'): Promise<readonly DeviceNode[]> {
  return walk(root, { to: root, permissions: 'rwm' }, signal);
}

export interface DeviceRequest {
  readonly hostPath: string;
  readonly containerPath: string;
  /** Of `rwm`, any order. */
  readonly permissions: string;
}

/**
 * The nodes behind one requested device: itself, or all in it and beneath if it is a directory (/dev/snd).
 * Symlinks are followed. Errors: `invalid_argument` when it is missing, holds no device, or asks for other
 * permissions than r, w and m.
 */
export async function resolveDevice(
  id: string,
  request: DeviceRequest,
  signal: AbortSignal,
): Promise<readonly DeviceNode[]> {
  const where = `container ${id}: device ${request.hostPath}`;
  if (!/^[rwm]{1,3}$/.test(request.permissions))
    throw fail('invalid_argument', `${where}: permissions ${JSON.stringify(request.permissions)}, allowed are r, w, m`);
  const to = posix.resolve('/', request.containerPath || request.hostPath);
  const nodes = await walkRequested(where, request, to, signal);
  if (nodes.length === 0) throw fail('invalid_argument', `${where}: not a device, and no directory with devices`);
  return nodes;
}

async function walkRequested(where: string, request: DeviceRequest, to: string, signal: AbortSignal) {
  try {
    const path = await realpath(request.hostPath);
    const stats = await lstat(path);
    const target = { to, permissions: request.permissions };
    return stats.isDirectory() ? await walk(path, target, signal) : nodeOf(stats, to, request.permissions);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw fail('invalid_argument', `${where}: this host has no such device`, error);
  }
}

async function walk(
  from: string,
  target: { readonly to: string; readonly permissions: string },
  signal: AbortSignal,
): Promise<DeviceNode[]> {
  throwIfAborted(signal);
  const entries = await readdir(from, { withFileTypes: true });
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = posix.join(from, entry.name);
      const to = posix.join(target.to, entry.name);
      if (entry.isDirectory()) return skippedDirectories.has(entry.name) ? [] : walk(path, { ...target, to }, signal);
      const isDevice = entry.isCharacterDevice() || entry.isBlockDevice();
      if (!isDevice || entry.name === 'console') return [];
      return nodeAt(path, to, target.permissions);
    }),
  );
  return found.flat();
}

/** A node may be unplugged between the listing and the look at it. */
async function nodeAt(path: string, to: string, permissions: string): Promise<DeviceNode[]> {
  try {
    return nodeOf(await lstat(path), to, permissions);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function nodeOf(stats: Stats, containerPath: string, permissions: string): DeviceNode[] {
  if (!stats.isCharacterDevice() && !stats.isBlockDevice()) return [];
  const type = stats.isCharacterDevice() ? 'c' : 'b';
  const { uid, gid } = stats;
  return [
    { containerPath, type, ...splitDeviceNumber(stats.rdev), fileMode: stats.mode & 0o777, uid, gid, permissions },
  ];
}

/** makedev(3): twelve bits of major above eight of minor, the rest of both further up. */
export function splitDeviceNumber(device: number): { readonly major: number; readonly minor: number } {
  const bits = BigInt(device);
  const major = ((bits >> 8n) & 0xfffn) | ((bits >> 32n) & 0xfffff000n);
  const minor = (bits & 0xffn) | ((bits >> 12n) & 0xffffff00n);
  return { major: Number(major), minor: Number(minor) };
}
