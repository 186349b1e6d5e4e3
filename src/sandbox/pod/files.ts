import { chown, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { allEnded } from '../../base/all-ended.ts';
import { during, errnoOf } from '../../base/errors.ts';
import type { Paths } from '../store/paths.ts';
import type { PodConfig, PodRecord } from './record.ts';
import { rootOf } from './user-namespaces.ts';

/** Size of a pod's /dev/shm: what Docker and the field's runtimes give. */
export const shmBytes = 64 * 1024 * 1024;

/**
 * Writes what every container of the pod sees as /etc/hosts, /etc/hostname and /etc/resolv.conf; the first once the
 * addresses are known. Errors: also those of getting them.
 */
export async function writePodFiles(
  paths: Paths,
  record: PodRecord,
  { hostname, addresses }: { readonly hostname: string; readonly addresses: Promise<readonly string[]> },
): Promise<void> {
  const at = paths.pod(record.id);
  const write = async (path: string, text: Promise<string>) => writeFile(path, await text, { mode: 0o644 });
  const hosts = addresses.then(async (ips) => hostsText(record.config, { hostname, ips }));
  try {
    await allEnded([
      writeFile(at.hostname, `${hostname}\n`, { mode: 0o644 }),
      write(at.resolvConf, resolvText(record.config)),
      write(at.hosts, hosts),
    ]);
  } catch (error) {
    throw during(`write files of the pod below ${dirname(dirname(at.hosts))}`, error);
  }
  const { uid, gid } = rootOf(record.config);
  if (uid > 0 || gid > 0)
    await Promise.all([at.hostname, at.hosts, at.resolvConf].map(async (file) => chown(file, uid, gid)));
}

/** On the host's network the host's own file; else the loopback names and the pod's. */
async function hostsText(config: PodConfig, facts: { readonly hostname: string; readonly ips: readonly string[] }) {
  if (config.network === 'node') return readOrEmpty('/etc/hosts');
  const loopback = '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n';
  const multicast = 'ff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n';
  return loopback + multicast + facts.ips.map((ip) => `${ip}\t${facts.hostname}\n`).join('');
}

/** resolv.conf(5) of the DNS configuration; without one the host's. */
async function resolvText(config: PodConfig): Promise<string> {
  if (config.dns === null) return readOrEmpty('/etc/resolv.conf');
  const { searches, servers, options } = config.dns;
  return [
    ...(searches.length > 0 ? [`search ${searches.join(' ')}\n`] : []),
    ...servers.map((server) => `nameserver ${server}\n`),
    ...(options.length > 0 ? [`options ${options.join(' ')}\n`] : []),
  ].join('');
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}
