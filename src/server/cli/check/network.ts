import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { failed, ok, warn } from './finding.ts';
import type { Finding } from './finding.ts';
import type { Host } from './host.ts';

/** Forwarding, and the CNI configuration with the plugins it names. */
export async function checkNetwork(host: Host, config: Config): Promise<readonly Finding[]> {
  return [await forwarding(host), await cni(host, config)];
}

async function forwarding(host: Host): Promise<Finding> {
  const path = '/proc/sys/net/ipv4/ip_forward';
  const value = (await host.read(path))?.trim();
  if (value === '1') return ok('ip_forward', 'on');
  const advice = 'the built-in network switches it on; for others: sysctl -w net.ipv4.ip_forward=1';
  return warn('ip_forward', value === undefined ? `${path} is not there` : 'off', advice);
}

async function cni(host: Host, config: Config): Promise<Finding> {
  const { mode, cniConfDir, cniBinDirs } = config.network;
  if (mode === 'built-in') return ok('pod network', 'built-in, as configured');
  const names = (await host.list(cniConfDir)).filter((name) => /\.(conflist|conf|json)$/.test(name)).sort();
  const [first] = names;
  if (first === undefined)
    return mode === 'auto'
      ? ok('pod network', `built-in: ${cniConfDir} has no configuration`)
      : failed('pod network', `${cniConfDir} has no configuration`, 'add one, or set network.mode = "auto"');
  const types = new Set(pluginTypes(await host.read(join(cniConfDir, first))));
  const present = new Set((await Promise.all(cniBinDirs.map((dir) => host.list(dir)))).flat());
  const absent = [...types].filter((type) => !present.has(type));
  if (types.size === 0)
    return failed('pod network', `${first} names no plugin`, `mend or remove ${join(cniConfDir, first)}`);
  if (absent.length === 0) return ok('pod network', `CNI ${first}: ${[...types].join(', ')}`);
  const advice = `install them into ${cniBinDirs.join(' or ')}, or set network.cni_bin_dirs`;
  return failed('pod network', `CNI ${first}: no plugin ${absent.join(', ')}`, advice);
}

/** Every plugin of a list or a single configuration, address managers with them. */
function pluginTypes(text: string | undefined): readonly string[] {
  try {
    return typesIn(JSON.parse(text ?? ''));
  } catch {
    return [];
  }
}

function typesIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(typesIn);
  if (typeof value !== 'object' || value === null) return [];
  const { type, ipam, plugins } = value as {
    readonly type?: unknown;
    readonly ipam?: unknown;
    readonly plugins?: unknown;
  };
  return [...(typeof type === 'string' ? [type] : []), ...typesIn(ipam), ...typesIn(plugins)];
}
