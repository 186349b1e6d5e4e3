import { parsePodId } from '../../base/ids.ts';
import type { InstanceId, PodId } from '../../base/ids.ts';
import { formatAddress, parseAddress } from './cidr.ts';
import type { Lease } from './leases.ts';

/** Everything we make in the kernel's network carries the instance id: daemons never touch each other's. */
export const bridgeName = (instance: InstanceId): string => `crk${instance}`;
export const linkPrefix = (instance: InstanceId): string => `ck${instance}`;
export const tableName = (instance: InstanceId): string => `cricket_${instance}`;

/** 14 of at most 15 bytes. `turn` picks other digits of the pod's id where a link of that name exists. */
export const linkName = (instance: InstanceId, pod: PodId, turn: number): string =>
  linkPrefix(instance) + pod.slice(turn * 8, turn * 8 + 8);

/** Locally administered; the same for an instance's bridge every time it is made. */
export const bridgeMac = (instance: InstanceId): string =>
  `02:72:00:00:${instance.slice(0, 2)}:${instance.slice(2, 4)}`;

/** From the address: whoever remembers the address's last holder in its ARP cache reaches the new one. */
export const podMac = (address: number): string =>
  ['02', '63', ...[24, 16, 8, 0].map((shift) => ((address >>> shift) & 255).toString(16).padStart(2, '0'))].join(':');

/** What stands in a link's alias: a lost lease can be read back from the kernel. */
export const aliasOf = (lease: Pick<Lease, 'pod' | 'address' | 'address6'>): string =>
  [lease.pod, formatAddress(lease.address), lease.address6].filter((part) => part !== '').join(' ');

export function parseAlias(alias: string): Pick<Lease, 'pod' | 'address' | 'address6'> | undefined {
  const [pod = '', address = '', address6 = ''] = alias.split(' ');
  const value = parseAddress(address);
  return /^[0-9a-f]{64}$/.test(pod) && value !== undefined
    ? { pod: parsePodId(pod), address: value, address6 }
    : undefined;
}
