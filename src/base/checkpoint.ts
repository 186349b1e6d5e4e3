import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { allEnded } from './all-ended.ts';
import { fail, messageOf } from './errors.ts';
import { tempOf } from './plain-file.ts';
import type { PlainFile, RecordFile } from './plain-file.ts';

/** Only root's: records hold environments, which hold secrets. */
const recordMode = 0o600;

/** A kind of record on disk: its version and what it must look like. */
export interface CheckpointKind<T> {
  readonly name: string;
  /** Of what is written. It grows with every change that a reader of the version before would misunderstand or lose. */
  readonly version: number;
  readonly schema: z.ZodType<T>;
  /**
   * The oldest version whose readers understand what is written, so that a daemon can be taken back while containers run:
   * where only fields were added that they may leave out. Absent: `version`, they leave such a record alone.
   */
  readonly readableSince?: number;
  /** Version → makes data of the next one of it. A version without an entry has data that the schema reads as it is. */
  readonly upgrades?: Readonly<Record<number, (data: unknown) => unknown>>;
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
  await writeAtomic(path, textOf(kind, value), options);
}

/** A record that need not be durable, for whom it suits to write: see writeRecord, writeRecordNow. */
export function recordFile<T>(kind: CheckpointKind<T>, path: string, value: T): RecordFile {
  return { path, text: textOf(kind, value), mode: recordMode };
}

export async function writeRecord({ path, text, mode, isFirst = false }: RecordFile): Promise<void> {
  if (isFirst) await mkdir(dirname(path), { mode: 0o700 });
  await writeAtomic(path, text, { durable: false, mode });
}

/** A record beside the place where it counts. One that is never committed leaves its file there. */
export interface Prepared {
  /** To be written before it is committed, by whom it suits. */
  readonly file: PlainFile;
  /** Puts it in its place. */
  commit(): Promise<void>;
  /** Both halves in one, for who has it written when it is true. */
  readonly whole: RecordFile;
}

/** The longer half of a `saveCheckpoint` that is not durable, for who knows the value before it is true. */
export function prepareCheckpoint<T>(kind: CheckpointKind<T>, path: string, value: T): Prepared {
  const temp = `${path}.next`;
  const whole = recordFile(kind, path, value);
  return { file: { ...whole, path: temp }, whole, commit: async () => moved(temp, path) };
}

function textOf<T>({ name, version, readableSince = version }: CheckpointKind<T>, value: T): string {
  const since = readableSince === version ? {} : { readableSince };
  return JSON.stringify({ kind: name, version, ...since, data: value }, bigintAsText);
}

interface WriteOptions {
  readonly durable: boolean;
  readonly mode?: number;
}

/** The same guarantee for any text. */
export async function writeAtomic(path: string, data: string | Uint8Array, options: WriteOptions): Promise<void> {
  const temp = tempOf(path);
  const close = await writeTemp(temp, data, options);
  await allEnded([settle(temp, path, options), close()]);
}

/** @returns what closes the file: nobody need wait for that. */
async function writeTemp(temp: string, data: string | Uint8Array, options: WriteOptions): Promise<() => Promise<void>> {
  let file: FileHandle | undefined;
  try {
    file = await open(temp, 'w', options.mode ?? recordMode);
    await file.writeFile(data);
    if (options.durable) await file.sync();
    const written = file;
    return async () => written.close();
  } catch (error) {
    await file?.close();
    await rm(temp, { force: true });
    throw error;
  }
}

async function settle(temp: string, path: string, { durable }: WriteOptions): Promise<void> {
  const opening = durable ? open(dirname(path), 'r') : undefined;
  const [, directory] = await allEnded([moved(temp, path), opening]);
  if (directory === undefined) return;
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function moved(temp: string, path: string): Promise<void> {
  try {
    await rename(temp, path);
  } catch (error) {
    await rm(temp, { force: true });
    throw error;
  }
}

/** fsync of a file's bytes, or of a directory's names. Errors: ENOENT. */
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
  const parsed = kind.schema.safeParse(currentData(kind, path, raw));
  if (!parsed.success) throw fail('internal', `record ${path} is damaged: ${parsed.error.message}`);
  return parsed.data;
}

/** Why a record cannot be read: only a newer version of Cricket understands it. */
export class NewerRecord extends Error {}
export const isNewerRecord = (error: unknown): boolean => error instanceof Error && error.cause instanceof NewerRecord;

/** The data as this version would have written it. Errors: `internal` for a record that only a newer one understands. */
function currentData(
  kind: CheckpointKind<unknown>,
  path: string,
  raw: { readonly version: unknown; readonly data: unknown; readonly readableSince?: unknown },
): unknown {
  const { version, readableSince = version } = raw;
  if (typeof version !== 'number' || typeof readableSince !== 'number' || version < 1)
    throw fail('internal', `record ${path} has no version`);
  if (readableSince > kind.version)
    throw fail(
      'internal',
      `record ${path} has version ${version}; this Cricket reads ${kind.version}: install the newer one again to manage it`,
      new NewerRecord(),
    );
  let data = raw.data;
  for (let from = version; from < kind.version; from++) data = kind.upgrades?.[from]?.(data) ?? data;
  return data;
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
