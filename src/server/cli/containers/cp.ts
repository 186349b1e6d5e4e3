import { chmod, lstat, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CricketError, fail, messageOf } from '../../../base/errors.ts';
import { packTree, unpackTree } from '../../../linux/tar.ts';
import { controlSocket } from '../../config/paths.ts';
import { callControl, openControl } from '../../control/client.ts';
import { archivePath } from '../../control/containers/archive.ts';
import { loadSettings } from '../settings.ts';
import type { SettingFlags } from '../settings.ts';
import type { Terminal } from '../terminal.ts';

export interface CopyFlags extends SettingFlags {
  readonly archive: boolean;
}

interface Place {
  readonly object: string;
  readonly path: string;
}

/** `cricket cp`: as docker cp, directories included; `-` is an archive on standard input or output. */
export async function copy(from: string, to: string, flags: CopyFlags, terminal: Terminal): Promise<void> {
  const [source, target] = [placeOf(from), placeOf(to)];
  if ((source === undefined) === (target === undefined))
    throw fail('invalid_argument', 'give one path here and one in a container: CONTAINER:/path');
  if (to === '-' && process.stdout.isTTY)
    throw fail('invalid_argument', 'an archive is nothing for a terminal; use a pipe or a path');
  const socket = controlSocket(await loadSettings(flags));
  if (source !== undefined) {
    const call = { socket, method: 'GET', path: archivePath, query: { ...source }, body: undefined } as const;
    const archive = await openControl(call, terminal.signal);
    if (to === '-') await pipeline(archive, process.stdout, { end: false }).catch(cutOff);
    else await unpackTo(archive, to, { contents: source.path.endsWith('/.'), keep: flags.archive });
  } else if (target !== undefined) {
    const { body, mode } = from === '-' ? { body: process.stdin, mode: 'within' } : await pack(from, flags.archive);
    const query = { ...target, mode };
    await callControl({ socket, method: 'POST', path: archivePath, query, body }, terminal.signal);
  }
}

/** As docker: what begins with a dot or a slash is a path here, whatever colons it has. */
function placeOf(text: string): Place | undefined {
  const colon = text.indexOf(':');
  return colon <= 0 || /^[./]/.test(text) ? undefined : { object: text.slice(0, colon), path: text.slice(colon + 1) };
}

async function pack(path: string, keep: boolean): Promise<{ readonly body: Readable; readonly mode: string }> {
  const full = resolve(path);
  const there = await lstat(full).catch(() => undefined);
  if (there === undefined) throw fail('not_found', `there is no ${path} here`);
  const owner = keep ? [] : ['--owner=0', '--group=0'];
  if (path.endsWith('/.') || path === '.' || full === '/')
    return { body: packTree(full, '.', owner), mode: 'contents' };
  return { body: packTree(dirname(full), `./${basename(full)}`, owner), mode: 'one' };
}

/** What is not there yet is unpacked beside its name first: there is never half of it under it. */
async function unpackTo(archive: Readable, to: string, how: { readonly contents: boolean; readonly keep: boolean }) {
  const owner = how.keep ? ['--same-owner'] : ['--no-same-owner'];
  const there = await stat(to).catch(() => undefined);
  if (there?.isDirectory() === true) {
    await unpackTree(archive, to, owner).catch(cutOff);
    return;
  }
  if (there !== undefined && how.contents) throw fail('failed_precondition', `${to} is no directory`);
  const full = resolve(to);
  const partial = await mkdtemp(join(dirname(full), '.cricket-cp-')).catch((error: unknown) => {
    throw fail('not_found', `${to}: ${messageOf(error)}; make the directory first`, error);
  });
  try {
    await unpackTree(archive, partial, owner).catch(cutOff);
    const [top = ''] = await readdir(partial);
    const made = how.contents ? partial : join(partial, top);
    if (how.contents) await chmod(partial, 0o755);
    if (to.endsWith('/') && !(await stat(made)).isDirectory()) throw fail('not_found', `there is no directory ${to}`);
    await rename(made, full).catch((error: unknown) => {
      throw fail('failed_precondition', `${to} is in the way: ${messageOf(error)}`, error);
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** The daemon says why a copy cannot begin; in its midst it can only end it. */
function cutOff(error: unknown): never {
  if (error instanceof CricketError) throw error;
  throw fail('unavailable', `the copy was cut off: ${messageOf(error)}; see the daemon's log, and copy again`, error);
}
