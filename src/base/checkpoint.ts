import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { fail, messageOf } from './errors.ts';

/** A kind of record on disk: its version and what it must look like. */
export interface CheckpointKind<T> {
  readonly name: string;
  readonly version: number;
  readonly schema: z.ZodType<T>;
}

/**
 * Writes a versioned record so that a reader sees the old or the new one, never a part: temp, fsync,
 * rename, fsync of the directory. `durable: false` leaves out the fsyncs, for what a reboot voids anyway.
 */
export async function saveCheckpoint<T>(
  kind: CheckpointKind<T>,
  path: string,
  value: T,
  options: { readonly durable: boolean } = { durable: true },
): Promise<void> {
  const text = JSON.stringify({ kind: kind.name, version: kind.version, data: value }, bigintAsText);
  await writeAtomic(path, text, options);
}

/** The same guarantee for any text. Mode 0600: records hold environments, which hold secrets. */
export async function writeAtomic(
  path: string,
  data: string | Uint8Array,
  options: { readonly durable: boolean; readonly mode?: number },
): Promise<void> {
  const temp = `${path}.tmp`;
  try {
    await writeNew(temp, data, options);
    await rename(temp, path);
  } catch (error) {
    await rm(temp, { force: true });
    throw error;
  }
  if (options.durable) await syncPath(dirname(path));
}

async function writeNew(path: string, data: string | Uint8Array, options: { durable: boolean; mode?: number }) {
  await using file = await open(path, 'w', options.mode ?? 0o600);
  await file.writeFile(data);
  if (options.durable) await file.sync();
}

/** fsync of a file's bytes, or of a directory's names. */
export async function syncPath(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  await directory.sync();
}

/** A directory only root may enter. */
export async function makePrivateDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

/**
 * Reads a record. Errors: `internal` naming the path when it cannot be read, is not ours, or is newer than
 * this version; the caller keeps such an object visible and never treats it as an orphan.
 */
export async function loadCheckpoint<T>(kind: CheckpointKind<T>, path: string): Promise<T> {
  return parseCheckpoint(kind, path, await readFile(path, 'utf8'));
}

export function parseCheckpoint<T>(kind: CheckpointKind<T>, path: string, text: string): T {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw fail('internal', `record ${path} is not JSON: ${messageOf(error)}`, error);
  }
  if (typeof raw !== 'object' || raw === null || !('kind' in raw) || !('version' in raw) || !('data' in raw))
    throw fail('internal', `record ${path} is not a Cricket record`);
  if (raw.kind !== kind.name) throw fail('internal', `record ${path} is a ${String(raw.kind)}, not a ${kind.name}`);
  if (raw.version !== kind.version)
    throw fail('internal', `record ${path} has version ${String(raw.version)}; this Cricket reads ${kind.version}`);
  const parsed = kind.schema.safeParse(raw.data);
  if (!parsed.success) throw fail('internal', `record ${path} is damaged: ${parsed.error.message}`);
  return parsed.data;
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
