import { access, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, fail, messageOf } from '../../../base/errors.ts';
import type { AddedHook } from './add.ts';
import { parseHookFile } from './hook-file.ts';
import { isMeant } from './match.ts';
import type { HookSubject } from './match.ts';

const maxFileSize = 1024 * 1024;

/**
 * The hooks of the directories that mean this container, in the order of their files' names in lower case. A file hides
 * one of its name in an earlier directory. Read anew each time, as those who install hooks tell nobody.
 * Errors: `failed_precondition` naming a file that cannot be read: what it was to guard must not start without it.
 */
export async function hooksFor(subject: HookSubject, directories: readonly string[]): Promise<readonly AddedHook[]> {
  const files = new Map<string, string>();
  for (const directory of directories)
    for (const name of await namesIn(directory)) files.set(name, join(directory, name));
  const sorted = [...files].sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  const hooks: AddedHook[] = [];
  for (const [, file] of sorted) hooks.push(...(await hooksOf(file, subject)));
  return hooks;
}

async function hooksOf(file: string, subject: HookSubject): Promise<readonly AddedHook[]> {
  try {
    const stats = await stat(file);
    if (!stats.isFile()) throw new Error('it is no regular file');
    if (stats.size > maxFileSize) throw new Error(`it has ${stats.size} bytes, at most ${maxFileSize} are read`);
    const { hook, when, stages } = parseHookFile(await readFile(file, 'utf8'));
    if (!isMeant(when, subject)) return [];
    await access(hook.path);
    return [...new Set(stages)].map((hookName) => ({ hookName, ...hook }));
  } catch (error) {
    // Taken away between the listing and the look at it.
    if (errnoOf(error) === 'ENOENT' && !(await exists(file))) return [];
    throw fail('failed_precondition', `OCI hook ${file}: ${messageOf(error)}; mend or remove the file`, error);
  }
}

const exists = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  );

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => name.endsWith('.json'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw fail('failed_precondition', `OCI hooks ${directory}: ${messageOf(error)}; mend hooks.dirs`, error);
  }
}
