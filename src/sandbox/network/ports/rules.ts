import { isIPv6 } from 'node:net';
import { canonicalIp, ipBytes, ipText } from '../../../base/ip.ts';
import type { InstanceId } from '../../../base/ids.ts';
import type { NftTable } from '../../../linux/nftables.ts';
import { tableName } from '../names.ts';
import type { PodAddress } from './ports.ts';
import type { PortRecord } from './records.ts';

/** An element of one of the maps and sets below, as nft writes it with numbers for names. */
export interface Element {
  readonly family: 'ip' | 'ip6';
  readonly set: 'every' | 'one' | 'near';
  readonly text: string;
}

interface Targeted {
  readonly ports: PortRecord['ports'];
  readonly addresses: readonly PodAddress[];
}

const numbers = { tcp: 6, udp: 17, sctp: 132 } as const;

/** What a pod's ports are in the kernel: nothing while it has no address. */
export function elementsOf({ ports, addresses }: Targeted): readonly Element[] {
  const found = (['ip', 'ip6'] as const).flatMap((family) => {
    const address = addresses.find(({ ip }) => isIPv6(ip) === (family === 'ip6'));
    return address === undefined ? [] : [...publishing(family, ports, address), ...neighbours(family, address)];
  });
  return ports.length === 0 ? [] : found;
}

function publishing(family: Element['family'], ports: PortRecord['ports'], { ip }: PodAddress): readonly Element[] {
  const unspecified = family === 'ip' ? '0.0.0.0' : '::';
  return ports.flatMap(({ protocol, hostPort, hostIp, containerPort }): readonly Element[] => {
    const key = `${numbers[protocol]} . ${hostPort}`;
    const to = `${canonicalIp(ip)} . ${containerPort}`;
    const host = hostIp === '' ? unspecified : canonicalIp(hostIp);
    if (host === unspecified) return [{ family, set: 'every', text: `${key} : ${to}` }];
    if (isIPv6(host) !== (family === 'ip6')) return [];
    return [{ family, set: 'one', text: `${host} . ${key} : ${to}` }];
  });
}

/** Peers whose answers would not come by the host, or not be let out of it: they see the host as the peer. */
function neighbours(family: Element['family'], { ip, prefix }: PodAddress): readonly Element[] {
  const bytes = ipBytes(ip);
  const network = ipText(bytes.map((byte, at) => byte & (0xff00 >> Math.max(0, Math.min(8, prefix - 8 * at)))));
  const from = [`${network}/${prefix}`, ...(family === 'ip' ? ['127.0.0.0/8'] : [])];
  return from.map((peers) => ({ family, set: 'near', text: `${peers} . ${ipText(bytes)}` }));
}

/** One `add` or `delete` for each set that is concerned. */
export function elementCommands(verb: 'add' | 'delete', instance: InstanceId, elements: readonly Element[]): string {
  return grouped(elements)
    .map(([set, texts]) => {
      const [family = '', name = ''] = set.split(' ');
      return `${verb} element ${family} ${tableName(instance)} ${name} { ${texts.join(', ')} }\n`;
    })
    .join('');
}

function grouped(elements: readonly Element[]): readonly (readonly [set: string, texts: readonly string[]])[] {
  const sets = new Map<string, Set<string>>();
  for (const { family, set, text } of elements) {
    const key = `${family} ${set}`;
    sets.set(key, (sets.get(key) ?? new Set()).add(text));
  }
  return [...sets].map(([set, texts]) => [set, [...texts]] as const);
}

/**
 * The tables of both families. 127.0.0.0/8 from outside is dropped before anything is translated: route_localnet of
 * a pod's link would let it in. [::1] is left out: IPv6 has no such switch.
 */
export function portTables(instance: InstanceId, ipv6: boolean, elements: readonly Element[]): readonly NftTable[] {
  const families = ipv6 ? (['ip', 'ip6'] as const) : (['ip'] as const);
  return families.map((family) => ({ family, name: tableName(instance), body: body(family, elements) }));
}

function body(family: Element['family'], elements: readonly Element[]): string {
  const type = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr';
  const guard = `
    chain guard {
      type filter hook prerouting priority raw; policy accept;
      iifname != "lo" ip daddr 127.0.0.0/8 drop
      iifname != "lo" ip saddr 127.0.0.0/8 drop
    }`;
  const entry = (hook: string) => `
    chain ${hook} {
      type nat hook ${hook} priority -100; policy accept;
      fib daddr type local ${family === 'ip6' ? 'ip6 daddr != ::1 ' : ''}jump publish
    }`;
  const set = (kind: string, name: Element['set'], definition: string) => {
    const all = elements.filter((one) => one.family === family && one.set === name).map(({ text }) => text);
    return `${kind} ${name} { ${definition}${all.length === 0 ? '' : ` elements = { ${[...new Set(all)].join(', ')} };`} }`;
  };
  return `
    ${set('map', 'every', `type inet_proto . inet_service : ${type} . inet_service;`)}
    ${set('map', 'one', `type ${type} . inet_proto . inet_service : ${type} . inet_service;`)}
    ${set('set', 'near', `type ${type} . ${type}; flags interval;`)}
    chain publish {
      dnat ${family} to ${family} daddr . meta l4proto . th dport map @one
      dnat ${family} to meta l4proto . th dport map @every
    }${entry('prerouting')}${entry('output')}
    chain postrouting {
      type nat hook postrouting priority srcnat; policy accept;
      ct status dnat ${family} saddr . ${family} daddr @near masquerade
    }${family === 'ip' ? guard : ''}`;
}
