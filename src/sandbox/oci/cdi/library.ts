import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { errnoOf, fail, messageOf } from '../../../base/errors.ts';
import { splitDeviceName } from './spec-file.ts';
import type { CdiSpec, ContainerEdits } from './spec-file.ts';
import { SpecFiles } from './spec-files.ts';

interface Found {
  readonly file: string;
  readonly spec: CdiSpec;
  readonly edits: ContainerEdits;
  /** Another file of the same directory that has it too. */
  readonly rival?: string;
}

/** What the directories hold: devices by their full name, and the files that could not be read, each with its reason. */
export interface Holdings {
  readonly devices: ReadonlyMap<string, Found>;
  readonly troubles: readonly string[];
}

/** The devices that files of these directories describe. Where two have one of a name, the later directory counts. */
export class CdiLibrary {
  readonly directories: readonly string[];
  readonly #files = new SpecFiles();

  constructor(directories: readonly string[]) {
    this.directories = directories;
  }

  /** What is there now: a device that was plugged in is there for the next container. */
  async read(): Promise<Holdings> {
    const devices = new Map<string, Found>();
    const troubles: string[] = [];
    const files = new Set<string>();
    for (const directory of this.directories) {
      const here = new Map<string, Found>();
      for (const name of await namesIn(directory, troubles)) {
        const file = join(directory, name);
        files.add(file);
        const spec = await this.#readSpec(file, troubles);
        for (const device of spec?.devices ?? []) {
          const full = `${spec?.kind}=${device.name}`;
          const rival = here.get(full)?.file;
          if (spec !== undefined)
            here.set(full, { file, spec, edits: device.containerEdits, ...(rival === undefined ? {} : { rival }) });
        }
      }
      for (const [full, found] of here) devices.set(full, found);
    }
    this.#files.keep(files);
    return { devices, troubles };
  }

  async #readSpec(file: string, troubles: string[]): Promise<CdiSpec | undefined> {
    try {
      return await this.#files.read(file);
    } catch (error) {
      troubles.push(`${file}: ${messageOf(error)}`);
      return undefined;
    }
  }

  /**
   * The edits of these devices in their order, those of a whole file before the first of its devices.
   * Errors: `invalid_argument` for what is no name, `failed_precondition` for a device that no file has or two have,
   * with what is there.
   */
  async resolve(names: readonly string[]): Promise<readonly ContainerEdits[]> {
    if (names.length === 0) return [];
    for (const name of names)
      if (splitDeviceName(name) === undefined)
        throw fail('invalid_argument', `CDI device ${JSON.stringify(name.slice(0, 200))}: must be vendor/class=name`);
    const holdings = await this.read();
    const files = new Set<string>();
    return [...new Set(names)].flatMap((name) => {
      const { file, spec, edits } = require(name, holdings, this.directories);
      const isFirst = !files.has(file);
      files.add(file);
      return isFirst ? [spec.containerEdits, edits] : [edits];
    });
  }
}

function require(name: string, { devices, troubles }: Holdings, directories: readonly string[]): Found {
  const found = devices.get(name);
  if (found?.rival !== undefined)
    throw fail('failed_precondition', `CDI device ${name} is in ${found.rival} and in ${found.file}; remove one`);
  if (found !== undefined) return found;
  const there = devices.size === 0 ? 'there is none' : `there are ${some([...devices.keys()])}`;
  const unread = troubles.length === 0 ? '' : `; not read: ${some(troubles)}`;
  throw fail('failed_precondition', `CDI device ${name} is not in ${directories.join(', ')}: ${there}${unread}`);
}

/** Enough to see what is meant. */
function some(texts: readonly string[], most = 20): string {
  const shown = texts.slice(0, most).join(', ');
  return texts.length > most ? `${shown} and ${texts.length - most} more` : shown;
}

async function namesIn(directory: string, troubles: string[]): Promise<readonly string[]> {
  try {
    const names = await readdir(directory);
    return names.filter((name) => ['.json', '.yaml', '.yml'].includes(extname(name))).sort();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') troubles.push(`${directory}: ${messageOf(error)}`);
    return [];
  }
}
