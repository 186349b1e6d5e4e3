import { expect } from 'chai';
import { NetworkLab, anyOctet, eventually, soon } from '../../integration/network/lab.ts';
import { ipsOf } from '../../integration/network/table.ts';

describe('a /25 of the built-in network', function () {
  this.timeout(10 * 60_000);

  it('serves 500 pods in sequence, with ten there at any time: no address lost, none given twice', async () => {
    const lab = await NetworkLab.make();
    try {
      const range = `10.199.${anyOctet()}.0/25`;
      const network = await lab.open([range]);
      const here: {
        readonly pod: Awaited<ReturnType<NetworkLab['pod']>>;
        readonly ip: string;
        readonly ip6: string;
      }[] = [];
      const seen = new Map<string, number>();
      const end = async () => {
        const gone = here.shift();
        if (gone === undefined) return;
        await network.detach(gone.pod.id, soon());
        await lab.unpin(gone.pod);
      };
      for (let made = 0; made < 500; made++) {
        const pod = await lab.pod();
        const { ipv4: ip, ipv6: ip6 } = await ipsOf(network, pod);
        expect(here.map((one) => one.ip)).not.to.include(ip);
        expect(here.map((one) => one.ip6)).not.to.include(ip6);
        here.push({ pod, ip, ip6 });
        seen.set(ip, (seen.get(ip) ?? 0) + 1);
        if (here.length === 10) await end();
      }
      while (here.length > 0) await end();
      // 125 addresses are for pods; each had its turn before any had one more than the others.
      expect(seen.size).to.equal(125);
      expect([...new Set(seen.values())]).to.deep.equal([4]);
      const files = await eventually(
        () => lab.leaseFiles(),
        (names) => names.length === 0,
      );
      expect(files).to.deep.equal([]);
      expect(await lab.linkNames()).to.deep.equal([]);
      const all = await Promise.all(Array.from({ length: 125 }, async () => ipsOf(network, await lab.pod())));
      expect(new Set(all.map(({ ipv4 }) => ipv4)).size, 'none was lost').to.equal(125);
    } finally {
      await lab.close();
    }
  });
});
