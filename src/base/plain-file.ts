import { writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { allEnded } from './all-ended.ts';
import { during } from './errors.ts';

/** A small file as it shall be: what is to be written with others, or by a Worker that is asked for something anyway. */
export interface PlainFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/** Writes them side by side, in no order. Errors: those of open(2) and write(2) with the path. */
export async function writeFiles(files: readonly PlainFile[]): Promise<void> {
  await allEnded(files.map(async ({ path, text, mode }) => writeFile(path, text, { mode })));
}

/** The same for a Worker's thread, one after the other. */
export function writeFilesNow(files: readonly PlainFile[]): void {
  for (const { path, text, mode } of files)
    try {
      writeFileSync(path, text, { mode });
    } catch (error) {
      throw during('write a file of a pod', error);
    }
}
