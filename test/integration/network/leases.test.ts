import { closeSync, openSync } from 'node:fs';
import { expect } from 'chai';
import { newPodId } from '../../../src/base/ids.ts';
import type { PodNetwork } from '../../../src/sandbox/network/network.ts';
import { anyOctet, eventually, NetworkLab, soon } from './lab.ts';

describe('addresses of the built-in network', () => {
  const octet = anyOctet();
  const range = (prefix: number) => `10.199.${octet}.0/${prefix}`;
  let lab: NetworkLab;
  beforeEach(async () => (lab = await NetworkLab.make()));
  afterEach(async () => lab.close());

  async function start(network: PodNetwork) {
    const pod = await lab.pod();
    const { ips } = await network.attach(pod, soon());
    return { pod, ip: ips[0] ?? '' };
  }

  async function end(network: PodNetwork, pod: Awaited<ReturnType<NetworkLab['pod']>>) {
    await network.detach(pod.id, soon());
    await lab.unpin(pod);
  }

  it('stay with the pod: for a retry, at the same time, and with another daemon', async () => {
    const network = await lab.open([range(24)]);
    const pod = await lab.pod();
    const attach = async (by: PodNetwork) => (await by.attach(pod, soon())).ips;
    const first = await attach(network);
    expect(await Promise.all([attach(network), attach(network)])).to.deep.equal([first, first]);
    const next = await lab.open([range(24)]);
    expect(await attach(next)).to.deep.equal(first);
    expect(await lab.linkNames()).to.have.length(1);
  });

  it('come back when the link is gone, and leave nothing', async () => {
    const network = await lab.open([range(24)]);
    const { pod } = await start(network);
    await network.detach(pod.id, soon());
    expect(lab.leaseFiles(), 'while the link is there').to.have.length(1);
    await lab.unpin(pod);
    expect(
      await eventually(
        () => lab.leaseFiles(),
        (files) => files.length === 0,
      ),
    ).to.deep.equal([]);
    expect(await lab.linkNames()).to.deep.equal([]);
  });

  it('detach twice, after the namespace, and for a pod never seen', async () => {
    const network = await lab.open([range(24)]);
    const { pod } = await start(network);
    await lab.unpin(pod);
    await eventually(
      () => lab.linkNames(),
      (names) => names.length === 0,
    );
    await network.detach(pod.id, soon());
    await network.detach(pod.id, soon());
    await network.detach(newPodId(), soon());
    expect(lab.leaseFiles()).to.deep.equal([]);
  });

  it('are not lost to a caller who leaves', async () => {
    const network = await lab.open([range(24)]);
    const pod = await lab.pod();
    const leave = AbortSignal.abort(new DOMException('gone', 'TimeoutError'));
    const left = await network.attach(pod, leave).catch((error: unknown) => error);
    expect(left).to.have.property('code', 'deadline_exceeded');
    await end(network, pod);
    expect(
      await eventually(
        () => lab.leaseFiles(),
        (files) => files.length === 0,
      ),
    ).to.deep.equal([]);
  });

  it('run out with a message that says what to do, and are given again when one is free', async () => {
    const network = await lab.open([range(30)]);
    const { pod, ip } = await start(network);
    const late = await lab.pod();
    const refused = await network.attach(late, soon()).catch((error: unknown) => error);
    expect(refused).to.have.property('code', 'resource_exhausted');
    expect(String(refused)).to.include(range(30)).and.include('network.ranges');
    await end(network, pod);
    expect((await network.attach(late, soon())).ips[0]).to.equal(ip);
  });

  it('wait for a link that someone else holds, which is deleted when nothing else is left', async () => {
    const network = await lab.open([range(30)]);
    const { pod, ip } = await start(network);
    const held = openSync(pod.netns, 'r');
    try {
      await end(network, pod);
      expect(await lab.linkNames()).to.have.length(1);
      const next = await lab.pod();
      expect((await network.attach(next, soon())).ips[0]).to.equal(ip);
      expect(await lab.linkNames()).to.have.length(1);
    } finally {
      closeSync(held);
    }
  });

  it('go round a /25 of 125 for 200 pods in sequence, none lost, none given twice', async () => {
    const network = await lab.open([range(25)]);
    const given: string[] = [];
    for (let i = 0; i < 200; i++) {
      const { pod, ip } = await start(network);
      given.push(ip);
      await end(network, pod);
    }
    expect(new Set(given.slice(0, 125)).size).to.equal(125);
    expect(given.slice(125)).to.deep.equal(given.slice(0, 75));
    expect(
      await eventually(
        () => lab.leaseFiles(),
        (files) => files.length === 0,
      ),
    ).to.deep.equal([]);
    expect(await lab.linkNames()).to.deep.equal([]);
  }).timeout(60_000);

  it('are different for 50 pods at once', async () => {
    const network = await lab.open([range(25)]);
    const pods = await Promise.all(Array.from({ length: 50 }, () => start(network)));
    expect(new Set(pods.map(({ ip }) => ip)).size).to.equal(50);
    await Promise.all(pods.map(({ pod }) => end(network, pod)));
    expect(
      await eventually(
        () => lab.leaseFiles(),
        (files) => files.length === 0,
      ),
    ).to.deep.equal([]);
  });
});
