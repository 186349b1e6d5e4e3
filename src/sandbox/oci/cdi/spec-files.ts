import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { parseDocument } from './document.ts';
import { parseCdiSpec } from './spec-file.ts';
import type { CdiSpec } from './spec-file.ts';

/** Bytes; a node with eight GPUs needs some hundred thousand. */
const maxFileSize = 8 * 1024 * 1024;

/** Milliseconds that a file must have been left alone: two changes within a tick of the kernel's clock look alike. */
const restMs = 100;

/** Files that were read are kept until their status changes: to parse a large one takes longer than all else. */
export class SpecFiles {
  readonly #known = new Map<string, { readonly mark: string; readonly spec: CdiSpec }>();

  /** Errors: why it cannot be used, without its name. */
  async read(file: string): Promise<CdiSpec> {
    const { size, mark, changed, isFile } = await look(file);
    if (!isFile) throw new Error('it is no regular file');
    if (size > maxFileSize) throw new Error(`it has ${size} bytes, at most ${maxFileSize} are read`);
    const known = this.#known.get(file);
    if (known?.mark === mark) return known.spec;
    const text = await readFile(file, 'utf8');
    const spec = parseCdiSpec(await parseDocument(text, extname(file) === '.json' ? 'JSON' : 'YAML'));
    // What was written meanwhile, or just before, may be newer than what was read.
    const isAtRest = Math.abs(Date.now() - changed) > restMs && (await look(file)).mark === mark;
    if (isAtRest) this.#known.set(file, { mark, spec });
    else this.#known.delete(file);
    return spec;
  }

  /** Those that are no more are forgotten. */
  keep(files: ReadonlySet<string>): void {
    for (const file of this.#known.keys()) if (!files.has(file)) this.#known.delete(file);
  }
}

async function look(file: string) {
  const stats = await stat(file, { bigint: true });
  const { dev, ino, size, mtimeNs, ctimeNs } = stats;
  const mark = [dev, ino, size, mtimeNs, ctimeNs].join();
  return { mark, size: Number(size), changed: Number(stats.ctimeMs), isFile: stats.isFile() };
}
