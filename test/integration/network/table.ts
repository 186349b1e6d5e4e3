import { randomInt } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { expect } from 'chai';
import type { PodNetwork } from '../../../src/sandbox/network/network.ts';
import type { PortMapping } from '../../../src/sandbox/pod/record.ts';
import { NetworkLab, anyOctet, soon } from './lab.ts';
import type { Pod } from './lab.ts';
import { connectOutside } from './outside.ts';
import type { Outside } from './outside.ts';
import { person, port } from './person.ts';
import type { Person } from './person.ts';

export interface TableOptions {
  /** Of the pods; the network is opened over the lab, and taken away by it. */
  readonly open: (lab: NetworkLab, range: { readonly ipv4: string; readonly ipv6: string }) => Promise<PodNetwork>;
  /** Called after the pods are gone. */
  readonly close?: (lab: NetworkLab) => Promise<void>;
}

const families = ['ipv4', 'ipv6'] as const;
const protocols = ['tcp', 'udp'] as const;
/** Five plugins for each of fifty pods wait for one lock of iptables. */
const inTurn = (): AbortSignal => AbortSignal.timeout(2 * 60_000);
type Ips = Record<(typeof families)[number], string>;

/** What any pod network must do: who reaches whom, and as whom they are seen. */
export function trafficTable(title: string, options: TableOptions): void {
  describe(title, function () {
    this.timeout(30_000);
    const octet = anyOctet();
    let lab: NetworkLab;
    let network: PodNetwork;
    let outside: Outside;
    let people: Record<'a' | 'b' | 'host' | 'outside', Person>;
    let ips: Record<'a' | 'b', Ips>;
    const hostPort = randomInt(20_000, 29_000);

    before(async () => {
      lab = await NetworkLab.make();
      const range = { ipv4: `10.199.${octet}.0/24`, ipv6: `fd00:199:${octet}::/64` };
      network = await options.open(lab, range);
      expect(network.ready()).to.deep.equal({ ready: true });
      const ports = protocols.map((protocol): PortMapping => ({ protocol, hostPort, containerPort: port, hostIp: '' }));
      const [a, b, far] = [await lab.pod({ ports }), await lab.pod(), await lab.pod()];
      outside = connectOutside(far, `ckx${octet}`, octet);
      const [atA, atB] = await Promise.all([a, b].map(async (pod) => ipsOf(network, pod)));
      ips = { a: atA ?? { ipv4: '', ipv6: '' }, b: atB ?? { ipv4: '', ipv6: '' } };
      people = {
        a: await person(a.netns),
        b: await person(b.netns),
        host: await person(undefined),
        outside: await person(far.netns),
      };
    });

    after(async () => {
      await Promise.all(Object.values(people).map(async (one) => one[Symbol.asyncDispose]()));
      outside[Symbol.dispose]();
      await options.close?.(lab);
      await lab.close();
    });

    for (const family of families)
      for (const protocol of protocols) {
        const ask = async (who: keyof typeof people, host: string, at = port) =>
          people[who].ask(host, { protocol, port: at });

        describe(`over ${family} and ${protocol}`, () => {
          it('goes from pod to pod, unchanged, both ways', async () => {
            expect(await ask('a', ips.b[family])).to.equal(ips.a[family]);
            expect(await ask('b', ips.a[family])).to.equal(ips.b[family]);
          });

          it('goes from a pod to itself', async () => {
            expect(await ask('a', ips.a[family])).to.equal(ips.a[family]);
          });

          it('goes from the host to a pod', async () => {
            expect(isIPv6(await ask('host', ips.a[family]))).to.equal(family === 'ipv6');
          });

          it('goes from a pod to the host, unchanged', async () => {
            // A datagram to all addresses is answered from the nearest, so only that one can be asked over UDP.
            const gateway = { ipv4: `10.199.${octet}.1`, ipv6: `fd00:199:${octet}::1` }[family];
            for (const address of protocol === 'tcp' ? [gateway, outside.host[family]] : [gateway])
              expect(await ask('a', address)).to.equal(ips.a[family]);
          });

          it('goes from a pod to the outside, under the address of the host', async () => {
            expect(await ask('a', outside.self[family])).to.equal(outside.host[family]);
          });

          it('comes in by a host port from outside, which is seen as it is', async () => {
            expect(await ask('outside', outside.host[family], hostPort)).to.equal(outside.self[family]);
          });

          it('comes in by a host port from the host under an address of its own', async () => {
            expect(isIPv6(await ask('host', outside.host[family], hostPort))).to.equal(family === 'ipv6');
          });

          it('comes in by a host port from another pod', async () => {
            expect(isIPv6(await ask('b', outside.host[family], hostPort))).to.equal(family === 'ipv6');
          });

          it('comes in by a host port from the pod itself', async () => {
            expect(isIPv6(await ask('a', outside.host[family], hostPort))).to.equal(family === 'ipv6');
          });

          if (family === 'ipv4')
            it('comes in by a host port from the host on 127.0.0.1', async () => {
              expect(await ask('host', '127.0.0.1', hostPort)).to.match(/^\d+\./);
            });
        });
      }

    it('goes from the host to each of 50 pods that come at once', async function () {
      this.timeout(5 * 60_000);
      const pods = await Promise.all(Array.from({ length: 50 }, async () => lab.pod()));
      const all = await Promise.all(pods.map(async (pod) => ipsOf(network, pod, inTurn())));
      for (const family of families) expect(new Set(all.map((one) => one[family])).size).to.equal(50);
      const last = pods.at(-1);
      await using there = await person(last?.netns);
      for (const family of families) {
        expect(await people.host.ask(all.at(-1)?.[family] ?? '')).not.to.equal('');
        expect(await there.ask(ips.b[family])).to.equal(all.at(-1)?.[family]);
      }
      await Promise.all(pods.map(async (pod) => network.detach(pod.id, inTurn())));
      for (const pod of pods) await lab.unpin(pod);
    });
  });
}

/** Attaches it and answers its addresses by family. */
export async function ipsOf(network: PodNetwork, pod: Pod, signal: AbortSignal = soon()): Promise<Ips> {
  const { ips } = await network.attach(pod, signal);
  return { ipv4: ips.find((ip) => !isIPv6(ip)) ?? '', ipv6: ips.find((ip) => isIPv6(ip)) ?? '' };
}
