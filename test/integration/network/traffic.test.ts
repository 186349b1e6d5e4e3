import { expect } from 'chai';
import { ipsOf, trafficTable } from './table.ts';
import { anyOctet, NetworkLab } from './lab.ts';
import { connectOutside, routeFromOutside } from './outside.ts';
import { person } from './person.ts';

trafficTable('traffic of the built-in network', {
  open: async (lab, { ipv4, ipv6 }) => lab.open([ipv4], { ipv6Range: ipv6 }),
});

describe('what is not published', function () {
  this.timeout(30_000);
  const octet = anyOctet();
  const networks = { ipv4: `10.199.${octet}.0/24`, ipv6: `fd00:199:${octet}::/64` };

  for (const [reachable, podCidr, open] of [
    ['auto', false, false],
    ['auto', true, true],
    ['no', true, false],
    ['yes', false, true],
  ] as const)
    it(`is ${open ? 'open' : 'closed'} to other nodes with reachable = ${reachable}${podCidr ? " in the kubelet's range" : ''}`, async () => {
      const lab = await NetworkLab.make();
      try {
        const network = await lab.open([podCidr ? '10.197.0.0/24' : networks.ipv4], { reachable });
        if (podCidr) await network.setPodCidr(`${networks.ipv4},${networks.ipv6}`);
        const [pod, far] = [await lab.pod(), await lab.pod()];
        using outside = connectOutside(far, `ckx${octet}`, octet);
        const ips = await ipsOf(network, pod);
        const network6 = `${ips.ipv6}/128`;
        routeFromOutside(far, networks.ipv4, outside.host.ipv4);
        routeFromOutside(far, network6, outside.host.ipv6);
        await using _there = await person(pod.netns);
        await using away = await person(far.netns);
        for (const family of ['ipv4', 'ipv6'] as const) {
          const answer = await away.ask(ips[family]).catch(() => 'nothing');
          expect(answer).to.equal(open ? outside.self[family] : 'nothing');
        }
      } finally {
        await lab.close();
      }
    });
});
