import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf, fail, messageOf } from '../../base/errors.ts';
import { parseLayer } from './layers.ts';
import type { Layer } from './layers.ts';
import { parseConfig } from './parse.ts';
import type { Config } from './schema.ts';

export const defaultConfigFile = '/etc/cricket/cricket.toml';

/** Bytes. A file beyond it is no configuration, and reading it would only cost memory. */
const maxFileSize = 1024 * 1024;

export interface LoadOptions {
  /** The main file; `conf.d/*.toml` beside it is read after it, in the order of names. */
  readonly file: string;
  /** Whether the file must exist: the one a user names, not the default one. */
  readonly mustExist: boolean;
  /** What flags set, laid over the files. */
  readonly flags: readonly Layer[];
}

/** The configuration in force. Errors: `invalid_argument` and `not_found`, naming file, key and value. */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  const files = [options.file, ...(await dropIns(join(dirname(options.file), 'conf.d')))];
  const layers: Layer[] = [];
  for (const [index, file] of files.entries()) {
    const text = await readLimited(file);
    if (text !== undefined) layers.push(parseLayer(file, text));
    else if (index === 0 && options.mustExist)
      throw fail('not_found', `configuration ${file}: no such file; name an existing one or leave --config out`);
  }
  return parseConfig([...layers, ...options.flags]);
}

async function dropIns(directory: string): Promise<string[]> {
  try {
    const names = (await readdir(directory)).filter((name) => name.endsWith('.toml') && !name.startsWith('.'));
    return names.sort().map((name) => join(directory, name));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw fail('invalid_argument', `configuration directory ${directory}: ${messageOf(error)}`, error);
  }
}

async function readLimited(file: string): Promise<string | undefined> {
  try {
    const { size } = await stat(file);
    if (size > maxFileSize)
      throw fail('invalid_argument', `configuration ${file}: ${size} bytes; at most ${maxFileSize} are allowed`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fail('invalid_argument', `configuration ${file}: ${messageOf(error)}`, error);
  }
}
