import type { InstanceId } from '../../base/ids.ts';
import type { NftTable } from '../../linux/nftables.ts';
import { tableName } from './names.ts';
import type { Served } from './ranges.ts';

/**
 * The rules of all pods: they leave the node under its address; what stays on the bridge, and multicast, keeps its own.
 * Into closed networks nobody comes from outside but to what was published (ct status dnat), and to answer.
 */
export function podTable(instance: InstanceId, bridge: string, networks: readonly Served[]): NftTable {
  const both = (['ipv4', 'ipv6'] as const).filter((family) => networks.some((one) => one.family === family));
  const of = (family: Served['family']) => networks.filter((one) => one.family === family);
  const all = both.map((family) => nftSet(`pods_${family}`, family, of(family)));
  const closed = both.map((family) =>
    nftSet(
      `closed_${family}`,
      family,
      of(family).filter((one) => one.closed),
    ),
  );
  const masquerade = both.map((family) => {
    const { word, multicast } = words[family];
    return `${word} saddr @pods_${family} ${word} daddr != ${multicast} oifname != "${bridge}" masquerade fully-random`;
  });
  const drop = both.map((family) => `${words[family].word} daddr @closed_${family} counter drop`);
  const body = `
    ${[...all, ...closed].join('\n    ')}
    chain postrouting {
      type nat hook postrouting priority srcnat; policy accept;
      ${masquerade.join('\n      ')}
    }
    chain forward {
      type filter hook forward priority filter; policy accept;
      oifname != "${bridge}" accept
      iifname "${bridge}" accept
      ct state established,related accept
      ct status dnat accept
      ${drop.join('\n      ')}
    }`;
  return { family: 'inet', name: tableName(instance), body };
}

const words = {
  ipv4: { word: 'ip', type: 'ipv4_addr', multicast: '224.0.0.0/4' },
  ipv6: { word: 'ip6', type: 'ipv6_addr', multicast: 'ff00::/8' },
} as const;

function nftSet(name: string, family: Served['family'], networks: readonly Served[]): string {
  const elements = networks.length === 0 ? '' : ` elements = { ${networks.map(({ text }) => text).join(', ')} };`;
  return `set ${name} { type ${words[family].type}; flags interval; auto-merge;${elements} }`;
}
