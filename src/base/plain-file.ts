import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { allEnded } from './all-ended.ts';
import { during, errnoOf } from './errors.ts';

/** A small file as it shall be: what is to be written with others, or by a Worker that is asked for something anyway. */
export interface PlainFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/** One with the bytes of a file of the host, none where that is absent. */
export interface CopiedFile extends Omit<PlainFile, 'text'> {
  readonly source: string;
}

/** One of which readers see all or nothing. */
export interface RecordFile extends PlainFile {
  /** Its directory is its own, and is made with it. */
  readonly isFirst?: boolean;
}

/** What a record is called until all of it is written. */
export const tempOf = (path: string): string => `${path}.tmp`;

/** Writes plain ones side by side, in no order. Errors: those of open(2) and write(2) with the path. */
export async function writeFiles(files: readonly PlainFile[]): Promise<void> {
  await allEnded(files.map(async ({ path, text, mode }) => writeFile(path, text, { mode })));
}

/** For a Worker's thread, one after the other. Errors: as above, and those of reading a source. */
export function writeFilesNow(files: readonly (PlainFile | CopiedFile)[]): void {
  for (const file of files)
    try {
      writeFileSync(file.path, 'text' in file ? file.text : readOrEmpty(file.source), { mode: file.mode });
    } catch (error) {
      throw during('write a file of a pod', error);
    }
}

function readOrEmpty(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return new Uint8Array();
    throw error;
  }
}

/** For a Worker's thread: puts a record in its place, where it outlives this process, if not a power cut. */
export function writeRecordNow({ path, text, mode, isFirst = false }: RecordFile): void {
  const temp = tempOf(path);
  try {
    if (isFirst) mkdirSync(dirname(path), { mode: 0o700 });
    writeFileSync(temp, text, { mode });
    renameSync(temp, path);
  } catch (error) {
    rmSync(temp, { force: true });
    throw during(`write a record below ${dirname(path)}`, error);
  }
}
