import { chown, readFile } from 'node:fs/promises';
import { allEnded } from '../../base/all-ended.ts';
import { errnoOf } from '../../base/errors.ts';
import type { PlainFile } from '../../base/plain-file.ts';
import type { Paths } from '../store/paths.ts';
import type { PodConfig, PodRecord } from './record.ts';
import { rootOf } from './user-namespaces.ts';

/** Size of a pod's /dev/shm: what Docker and the field's runtimes give. */
export const shmBytes = 64 * 1024 * 1024;

/** What every container of the pod sees as /etc/hosts, /etc/hostname and /etc/resolv.conf. */
export async function podFiles(
  paths: Paths,
  record: PodRecord,
  facts: { readonly hostname: string; readonly ips: readonly string[] },
): Promise<readonly PlainFile[]> {
  const at = paths.pod(record.id);
  const [hosts, resolv] = await Promise.all([hostsText(record.config, facts), resolvText(record.config)]);
  return [
    { path: at.hostname, text: `${facts.hostname}\n`, mode: 0o644 },
    { path: at.resolvConf, text: resolv, mode: 0o644 },
    { path: at.hosts, text: hosts, mode: 0o644 },
  ];
}

/** Makes them the pod's root's, where that is another one outside. */
export async function ownPodFiles(paths: Paths, record: PodRecord): Promise<void> {
  const { uid, gid } = rootOf(record.config);
  if (uid === 0 && gid === 0) return;
  const at = paths.pod(record.id);
  await allEnded([at.hostname, at.hosts, at.resolvConf].map(async (file) => chown(file, uid, gid)));
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
