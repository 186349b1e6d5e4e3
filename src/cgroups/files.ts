import { closeSync, constants, openSync, readSync, readdirSync, statSync, writeSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';
import { textOf } from './file-bytes.ts';
import type { FileBytes } from './file-bytes.ts';

/**
 * What a missing file can look like: ENOENT; ENODEV where the cgroup went while its file was open; EOPNOTSUPP for
 * pressure files with psi=0 and for cgroup.procs of a threaded cgroup.
 */
export const absentErrnos: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENODEV', 'ENOTDIR', 'EOPNOTSUPP']);

let buffer = Buffer.allocUnsafe(16_384);

/**
 * seq_file hands out whole records and stops in the middle of a file only when a page is nearly full (its records are
 * short, or there is a single one): what came with less is all there is, and the read that would say 0 is spared.
 */
const surelyWhole = 2048;

/** All of an open kernel file from its beginning. Errors: of pread(2). */
export function readBytes(fd: number): FileBytes {
  let length = 0;
  for (;;) {
    const count = readSync(fd, buffer, length, buffer.length - length, length);
    length += count;
    if (count < surelyWhole) return { bytes: buffer, length };
    if (length === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
  }
}

/** The same as text. */
export const readAll = (fd: number): string => textOf(readBytes(fd)) ?? '';

/** A kernel file's text, or undefined where it or its cgroup does not exist. Never waits for a disk. */
export const readText = (path: string): string | undefined => textOf(readFile(path));

/** The same, not made into text. */
export function readFile(path: string): FileBytes | undefined {
  try {
    const fd = openSync(path, constants.O_RDONLY);
    try {
      return readBytes(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (absentErrnos.has(errnoOf(error))) return undefined;
    throw error;
  }
}

/** One write(2), as kernel files want it; never creates or truncates. Errors: the errno as Node gives it. */
export function writeText(path: string, text: string, flags = 0): void {
  const fd = openSync(path, constants.O_WRONLY | flags);
  try {
    writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

/** Names of the directories in `path`; none where it is absent. */
export function subdirectories(path: string): readonly string[] {
  try {
    // kernfs counts subdirectories in nlink, as most file systems do: most cgroups are leaves, and this spares a readdir.
    if (statSync(path).nlink === 2) return [];
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch (error) {
    if (absentErrnos.has(errnoOf(error))) return [];
    throw error;
  }
}

export function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** `path` and every directory below it, parents first. */
export function directoryTree(path: string): readonly string[] {
  if (!isDirectory(path)) return [];
  const found = [path];
  for (const directory of found) {
    for (const name of subdirectories(directory)) found.push(`${directory}/${name}`);
  }
  return found;
}
