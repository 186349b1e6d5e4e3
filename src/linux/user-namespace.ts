import { writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { waitFor } from '../base/abort.ts';
import { fail } from '../base/errors.ts';
import { closeQuietly, makePipe, readablePipe, writablePipe } from './fds.ts';
import type { NamespaceKind } from './namespaces.ts';
import { signalPidfd } from './pidfd.ts';
import { spawnProcess } from './process.ts';
import type { Child } from './process.ts';
import type { Watcher } from './watcher.ts';

/** `size` ids from `containerId` on inside are those from `hostId` on outside (user_namespaces(7)). */
export interface IdMapping {
  readonly containerId: number;
  readonly hostId: number;
  readonly size: number;
}

export interface UserMaps {
  readonly uids: readonly IdMapping[];
  readonly gids: readonly IdMapping[];
}

/** Namespaces that live as long as a process of ours does, and then as long as somebody has pinned or joined them. */
export interface HeldNamespaces extends AsyncDisposable {
  /** Its namespaces are at /proc/PID/ns. */
  readonly pid: number;
}

const letters: Record<NamespaceKind, string> = { net: '--net', ipc: '--ipc', uts: '--uts' };
const program = '/usr/bin/unshare';
const env = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C'];

/**
 * Makes a user namespace with these maps, and namespaces of these kinds that it owns. No thread of a threaded process
 * can (unshare(2), EINVAL), so a process does: unshare(1) of util-linux, then cat(1), which ends with us. Errors:
 * `failed_precondition` with what unshare said, or when the kernel takes the maps not.
 */
export async function holdUserNamespace(
  watcher: Watcher,
  wanted: UserMaps & { readonly kinds: readonly NamespaceKind[] },
  signal: AbortSignal,
): Promise<HeldNamespaces> {
  const into = makePipe();
  const out = makePipe();
  const args = ['--user', ...wanted.kinds.map((kind) => letters[kind]), '--', 'cat'];
  let child: Child;
  try {
    const fds = new Map([into.read, out.write, out.write].entries());
    child = spawnProcess(watcher, { path: program, args, env, fds });
  } catch (error) {
    [into.write, out.read].forEach(closeQuietly);
    throw error;
  } finally {
    [into.read, out.write].forEach(closeQuietly);
  }
  const held = holding(child, into.write, out.read);
  try {
    await waitFor(held.ready, signal);
    for (const [file, maps] of [
      ['uid_map', wanted.uids],
      ['gid_map', wanted.gids],
    ] as const)
      await writeMap(child.pid, file, maps);
    return { pid: child.pid, [Symbol.asyncDispose]: held.end };
  } catch (error) {
    await held.end();
    throw error;
  }
}

/** `ready` once it has answered: it is in its namespaces then. */
function holding(child: Child, stdin: number, stdout: number) {
  let over = false;
  void child.ended.then(() => (over = true));
  const input = writablePipe(stdin);
  const output = readablePipe(stdout);
  input.on('error', () => undefined);
  const ready = new Promise<void>((resolve, reject) => {
    const refuse = (said: string) =>
      reject(fail('failed_precondition', `make a user namespace: ${said.trim() || 'unshare(1) ended'}`));
    output.once('data', (data: Buffer) => (data.toString() === '.' ? resolve() : refuse(data.toString())));
    output.once('error', reject);
    output.once('end', () => refuse(''));
  });
  ready.catch(() => undefined);
  input.write('.');
  return {
    ready,
    end: async () => {
      if (!over) signalPidfd(child.pidfd, constants.signals.SIGKILL);
      await child.ended;
      input.destroy();
      output.destroy();
    },
  };
}

async function writeMap(pid: number, file: 'uid_map' | 'gid_map', maps: readonly IdMapping[]): Promise<void> {
  const text = maps.map(({ containerId, hostId, size }) => `${containerId} ${hostId} ${size}\n`).join('');
  try {
    await writeFile(`/proc/${pid}/${file}`, text);
  } catch (error) {
    throw fail('failed_precondition', `the kernel does not take the ${file} ${text.trim()}`, error);
  }
}

/** The id outside of one inside; undefined where it is not mapped. */
export function hostId(maps: readonly IdMapping[], id: number): number | undefined {
  const map = maps.find(({ containerId, size }) => id >= containerId && id < containerId + size);
  return map === undefined ? undefined : map.hostId + id - map.containerId;
}
