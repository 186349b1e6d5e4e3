import { chmod, chown, mkdir, readFile, stat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { errnoOf, fail, messageOf } from '../../base/errors.ts';

/**
 * Makes the path free to bind: removes a socket nobody listens on any more.
 * Errors: `already_exists` when somebody does, or when something else than a socket is there.
 */
export async function freeSocketPath(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const found = await stat(path).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fail('failed_precondition', `socket ${path}: ${messageOf(error)}`, error);
  });
  if (found === undefined) return;
  if (!found.isSocket())
    throw fail('already_exists', `socket ${path}: something else is there; remove it or choose another path`);
  if (await isListening(path))
    throw fail('already_exists', `socket ${path}: another process answers there; stop it or choose another path`);
  await unlink(path);
}

/** ECONNREFUSED is the kernel's word that no process has this socket open for listening. */
async function isListening(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = connect(path);
  probe.once('connect', () => resolve(true));
  probe.once('error', (error) => resolve(errnoOf(error) !== 'ECONNREFUSED' && errnoOf(error) !== 'ENOENT'));
  try {
    return await promise;
  } finally {
    probe.destroy();
  }
}

/** Hands the socket to root and the group: 0660. */
export async function openToGroup(path: string, group: string): Promise<void> {
  const gid = await groupId(group);
  await chown(path, process.getuid?.() ?? 0, gid);
  await chmod(path, 0o660);
}

/** The number of a group. Errors: `invalid_argument` for a name that /etc/group does not have. */
export async function groupId(group: string, file = '/etc/group'): Promise<number> {
  if (/^[0-9]+$/.test(group)) return Number(group);
  if (group === 'root') return 0;
  const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.split(':'));
  const id = lines.find(([name]) => name === group)?.[2];
  if (id === undefined)
    throw fail('invalid_argument', `group ${JSON.stringify(group)}: not in ${file}; create it or name another one`);
  return Number(id);
}
