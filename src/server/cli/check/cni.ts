import { basename, join } from 'node:path';
import { z } from 'zod';
import { discoverNetwork } from '../../../sandbox/network/cni/discover.ts';
import type { NetworkConfig } from '../../../sandbox/network/cni/config.ts';
import type { Config } from '../../config/schema.ts';
import { failed, ok } from './finding.ts';
import type { Finding } from './finding.ts';
import type { Host } from './host.ts';

const name = 'pod network';

/** Which network pods will have; of a CNI configuration, whether its plugins are there and speak its version. */
export async function checkCni(host: Host, config: Config): Promise<Finding> {
  const { mode, cniConfDir, cniBinDirs } = config.network;
  if (mode === 'built-in') return ok(name, 'built-in, as configured');
  const found = await discoverNetwork(cniConfDir, filesOf(host));
  if (found.kind === 'none')
    return mode === 'auto'
      ? ok(name, `built-in: ${cniConfDir} has no configuration`)
      : failed(name, `${cniConfDir} has no configuration`, 'add one, or set network.mode = "auto"');
  const about = `CNI ${basename(found.file)}`;
  if (found.kind === 'broken') return failed(name, `${about}: ${found.why}`, `mend or remove ${found.file}`);
  const { network } = found;
  const types = [...new Set(pluginTypes(network.plugins.map(({ raw }) => raw)))];
  const places = await Promise.all(types.map(async (type) => ({ type, path: await find(host, cniBinDirs, type) })));
  const absent = places.filter(({ path }) => path === undefined).map(({ type }) => type);
  const install = `install them into ${cniBinDirs.join(' or ')}, or set network.cni_bin_dirs`;
  if (absent.length > 0) return failed(name, `${about}: no plugin ${absent.join(', ')}`, install);
  const behind = (await Promise.all(places.map(({ type, path }) => speaksNot(host, network, type, path)))).flat();
  if (behind.length > 0)
    return failed(name, `${about}: ${behind.join('; ')}`, 'use newer plugins, or name their version');
  return ok(name, `${about}: ${network.name}, version ${network.version}, ${types.join(', ')}`);
}

/** A file that cannot be read is told as a folder is: not at all. */
const filesOf = (host: Host) => ({
  list: async (directory: string) => {
    const names = await host.list(directory);
    const there = await Promise.all(names.map(async (file) => (await host.read(join(directory, file))) !== undefined));
    return names.filter((_, at) => there[at]);
  },
  read: async (path: string) => (await host.read(path)) ?? '',
});

async function find(host: Host, directories: readonly string[], type: string): Promise<string | undefined> {
  for (const directory of directories) if (await host.executable(join(directory, type))) return join(directory, type);
  return undefined;
}

const told = z.object({ supportedVersions: z.array(z.string()) });

/** What a plugin says on VERSION; one that says nothing is taken at the configuration's word. */
async function speaksNot(host: Host, { version }: NetworkConfig, type: string, path = ''): Promise<readonly string[]> {
  const ran = await host.run('env', 'CNI_COMMAND=VERSION', path);
  try {
    const { supportedVersions } = told.parse(JSON.parse(ran?.stdout ?? ''));
    if (supportedVersions.includes(version)) return [];
    return [`${type} speaks ${supportedVersions.at(-1) ?? 'no version'}, not ${version}`];
  } catch {
    return [];
  }
}

/** Every plugin of a chain, address managers with them. */
function pluginTypes(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(pluginTypes);
  const parsed = z.object({ type: z.string().optional(), ipam: z.unknown().optional() }).safeParse(value);
  if (!parsed.success) return [];
  const { type, ipam } = parsed.data;
  return [...(type === undefined ? [] : [type]), ...pluginTypes(ipam)];
}
