import { chown } from 'node:fs/promises';
import { allEnded } from '../../base/all-ended.ts';
import type { CopiedFile, PlainFile } from '../../base/plain-file.ts';
import type { Paths } from '../store/paths.ts';
import type { PodConfig, PodRecord } from './record.ts';
import { rootOf } from './user-namespaces.ts';

/** Size of a pod's /dev/shm: what Docker and the field's runtimes give. */
export const shmBytes = 64 * 1024 * 1024;

/** What every container of the pod sees as /etc/hosts, /etc/hostname and /etc/resolv.conf: copies where it has the host's. */
export function podFiles(
  paths: Paths,
  record: PodRecord,
  facts: { readonly hostname: string; readonly ips: readonly string[] },
): readonly (PlainFile | CopiedFile)[] {
  const at = paths.pod(record.id);
  const { network, dns } = record.config;
  const mode = 0o644;
  return [
    { path: at.hostname, text: `${facts.hostname}\n`, mode },
    { path: at.resolvConf, mode, ...(dns === null ? { source: '/etc/resolv.conf' } : { text: resolvText(dns) }) },
    { path: at.hosts, mode, ...(network === 'node' ? { source: '/etc/hosts' } : { text: hostsText(facts) }) },
  ];
}

/** Makes them the pod's root's, where that is another one outside. */
export async function ownPodFiles(paths: Paths, record: PodRecord): Promise<void> {
  const { uid, gid } = rootOf(record.config);
  if (uid === 0 && gid === 0) return;
  const at = paths.pod(record.id);
  await allEnded([at.hostname, at.hosts, at.resolvConf].map(async (file) => chown(file, uid, gid)));
}

/** The loopback names and the pod's. */
function hostsText({ hostname, ips }: { readonly hostname: string; readonly ips: readonly string[] }): string {
  const loopback = '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n';
  const multicast = 'ff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n';
  return loopback + multicast + ips.map((ip) => `${ip}\t${hostname}\n`).join('');
}

/** resolv.conf(5) of a DNS configuration. */
function resolvText({ searches, servers, options }: NonNullable<PodConfig['dns']>): string {
  return [
    ...(searches.length > 0 ? [`search ${searches.join(' ')}\n`] : []),
    ...servers.map((server) => `nameserver ${server}\n`),
    ...(options.length > 0 ? [`options ${options.join(' ')}\n`] : []),
  ].join('');
}
