import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, fail, messageOf } from '../../../base/errors.ts';
import { parseNetwork, parsePlugin } from './config.ts';
import type { NetworkConfig } from './config.ts';

/** What a directory of configurations says. */
export type Discovered =
  | { readonly kind: 'none'; readonly why: string }
  | { readonly kind: 'broken'; readonly file: string; readonly why: string }
  | { readonly kind: 'found'; readonly file: string; readonly network: NetworkConfig };

/** Bytes of a configuration: nobody writes a longer one. */
const largest = 4 * 1024 * 1024;

/** How the directory is read; `cricket check` brings its own. */
export interface ConfigFiles {
  /** Names of files, not of directories; none where there is no directory. */
  readonly list: (directory: string) => Promise<readonly string[]>;
  readonly read: (path: string) => Promise<string>;
}

/**
 * The configuration of pods: the first file by name that ends in .conf, .conflist or .json. A file that is broken is
 * not passed over: pods would be in another network than the one that was meant.
 */
export async function discoverNetwork(directory: string, files: ConfigFiles = onDisk): Promise<Discovered> {
  let name: string | undefined;
  try {
    name = (await files.list(directory)).filter(isConfiguration).toSorted(byBytes)[0];
  } catch (error) {
    return { kind: 'none', why: `${directory} cannot be read: ${messageOf(error)}` };
  }
  if (name === undefined) return { kind: 'none', why: `there is no CNI configuration in ${directory}` };
  const file = join(directory, name);
  try {
    return { kind: 'found', file, network: await readNetwork(directory, file, files) };
  } catch (error) {
    return { kind: 'broken', file, why: messageOf(error) };
  }
}

async function readNetwork(directory: string, file: string, files: ConfigFiles): Promise<NetworkConfig> {
  const network = parseNetwork(await files.read(file), file.endsWith('.conflist') ? 'list' : 'single');
  const plugins = [...network.plugins];
  if (!network.onlyInlined) {
    const folder = join(directory, network.name);
    const names = (await files.list(folder)).filter((name) => name.endsWith('.conf'));
    for (const name of names.toSorted(byBytes)) plugins.push(parsePlugin(await files.read(join(folder, name))));
  }
  if (plugins.length === 0) throw fail('failed_precondition', 'it names no plugin');
  return { ...network, plugins };
}

const isConfiguration = (name: string): boolean => /\.(conflist|conf|json)$/.test(name);
/** As Go sorts, which every other runtime is written in. */
const byBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));

const onDisk: ConfigFiles = {
  async list(directory) {
    try {
      const entries = await readdir(directory, { withFileTypes: true });
      return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
      throw error;
    }
  },
  async read(path) {
    const bytes = await readFile(path);
    if (bytes.length > largest) throw fail('failed_precondition', `it has ${bytes.length} bytes`);
    return bytes.toString('utf8');
  },
};
