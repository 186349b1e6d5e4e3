import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { newPodId } from '../../../src/base/ids.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { changeLink, deleteLink } from '../../../src/linux/netlink/links.ts';
import { NetlinkSocket } from '../../../src/linux/netlink/socket.ts';
import { listTable, removeTable } from '../../../src/linux/nftables.ts';
import { parseAddress } from '../../../src/sandbox/network/cidr.ts';
import { Leases } from '../../../src/sandbox/network/leases.ts';
import type { PodNetwork } from '../../../src/sandbox/network/network.ts';
import { podsOnNetwork } from '../../../src/sandbox/pod/on-network.ts';
import type { PodState } from '../../../src/sandbox/pod/state.ts';
import { createPaths } from '../../../src/sandbox/store/paths.ts';
import { createStore } from '../../../src/sandbox/store/store.ts';
import { anyOctet, eventually, NetworkLab, soon } from './lab.ts';
import { person } from './person.ts';

describe('reconciling the built-in network', () => {
  const octet = anyOctet();
  const range = `10.199.${octet}.0/24`;
  let lab: NetworkLab;
  let network: PodNetwork;
  beforeEach(async () => {
    lab = await NetworkLab.make();
    network = await lab.open([range]);
  });
  afterEach(async () => lab.close());

  const leaseDirectory = () => join(lab.root, 'network', 'leases');

  async function start() {
    const pod = await lab.pod();
    await network.attach(pod, soon());
    return pod;
  }

  it('finds nothing to do where all is well', async () => {
    const pod = await start();
    expect(await network.reconcile(new Set([pod.id]), soon())).to.deep.equal([]);
  });

  it('releases what a daemon left that was killed: with a link, and before the link was made', async () => {
    const [live, dead] = [await start(), await start()];
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    const intent = {
      pod: newPodId(),
      address: parseAddress(`10.199.${octet}.77`) ?? 0,
      range,
      link: 'ck00001',
      address6: '',
      range6: '',
      mac: '',
    };
    await (await Leases.open(leaseDirectory(), boot, silentLogger())).add(intent);
    network = await lab.open([range]);
    const findings = await network.reconcile(new Set([live.id]), soon());
    expect(findings.filter((line) => line.includes('was released'))).to.have.length(2);
    await lab.unpin(dead);
    const files = await eventually(
      () => lab.leaseFiles(),
      (names) => names.length === 1,
    );
    expect(files).to.deep.equal([`10.199.${octet}.2.json`]);
    expect(await network.reconcile(new Set([live.id]), soon())).to.deep.equal([]);
  });

  it('releases what a killed daemon held for pods that are stopped by now, being removed or gone, and for no others', async () => {
    const store = await createStore(createPaths(lab.root, lab.root, lab.instance), silentLogger());
    const begin = async (state: PodState | undefined) => {
      const pod = await start();
      const rest = { handler: '', createdAt: 0n, cgroup: '/none', ownsCgroup: false, selinuxLevel: '', bootId: '' };
      if (state !== undefined) store.adoptPod({ ...rest, id: pod.id, config: pod.config, pins: {} }, state);
      return pod;
    };
    for (const kind of ['creating', 'stopping'] as const) await begin({ kind });
    await begin({ kind: 'broken', reason: 'a test' });
    const kept = lab.leaseFiles();
    const dead = [await begin({ kind: 'stopped' }), await begin({ kind: 'removing' }), await begin(undefined)];
    network = await lab.open([range]);
    const findings = await network.reconcile(podsOnNetwork(store), soon());
    expect(findings.map((line) => dead.findIndex(({ id }) => line.includes(id)))).to.have.members([0, 1, 2]);
    for (const pod of dead) await lab.unpin(pod);
    const files = await eventually(
      () => lab.leaseFiles(),
      (names) => names.length === kept.length,
    );
    expect(files).to.have.members(kept);
  });

  it('leaves pods alone whose attach or detach is under way', async () => {
    const [coming, going] = [await lab.pod(), await start()];
    const attaching = network.attach(coming, soon());
    await network.detach(going.id, soon());
    const findings = await network.reconcile(new Set(), soon());
    expect(findings.filter((line) => line.includes(going.id))).to.deep.equal([]);
    await attaching;
    expect(await lab.linkNames()).to.include(`ck${lab.instance}${coming.id.slice(0, 8)}`);
  });

  it('reads a lost or unreadable lease back from the link, and deletes what no link uses', async () => {
    const [lost, damaged] = [await start(), await start()];
    await rm(join(leaseDirectory(), `10.199.${octet}.2.json`));
    await writeFile(join(leaseDirectory(), `10.199.${octet}.3.json`), '{');
    await writeFile(join(leaseDirectory(), `10.199.${octet}.9.json`), '{');
    network = await lab.open([range]);
    const findings = await network.reconcile(new Set([lost.id, damaged.id]), soon());
    expect(findings.join('\n')).to.include(lost.id).and.include(damaged.id).and.include(`10.199.${octet}.9`);
    expect(lab.leaseFiles().toSorted()).to.deep.equal([`10.199.${octet}.2.json`, `10.199.${octet}.3.json`]);
    expect((await network.attach(damaged, soon())).ips[0]).to.equal(`10.199.${octet}.3`);
    const fresh = await lab.pod();
    expect((await network.attach(fresh, soon())).ips[0]).to.equal(`10.199.${octet}.4`);
  });

  it('leaves alone what a newer version wrote: state, leases, and links that bear its words', async () => {
    const [pod, gone] = [await start(), await start()];
    await network.close();
    const ahead = (kind: string) => JSON.stringify({ kind, version: 99, data: {} });
    const files = {
      'state.json': ahead('network state'),
      [`leases/10.199.${octet}.2.json`]: ahead('network lease'),
      [`leases/10.199.${octet}.3.json`]: ahead('network lease'),
      'leases/of-another-kind.json': ahead('network lease'),
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(lab.root, 'network', name), text);
    const name = `ck${lab.instance}${gone.id.slice(0, 8)}`;
    using socket = new NetlinkSocket();
    changeLink(socket, name, { alias: `v99 ${gone.id}` });
    network = await lab.open([range]);
    await network.setPodCidr(range);
    expect(await network.reconcile(new Set([pod.id, gone.id]), soon())).to.deep.equal([]);
    expect(await network.reconcile(new Set(), soon()), 'nobody here can tell whose they are').to.deep.equal([]);
    expect((await network.attach(await lab.pod(), soon())).ips[0]).to.equal(`10.199.${octet}.4`);
    await network.close();
    expect(await lab.linkNames()).to.include(name);
    for (const [file, text] of Object.entries(files))
      expect(await readFile(join(lab.root, 'network', file), 'utf8'), file).to.equal(text);
  });

  it('deletes a link that nobody owns', async () => {
    await start();
    for (const name of await readdir(leaseDirectory())) await rm(join(leaseDirectory(), name));
    network = await lab.open([range]);
    expect((await network.reconcile(new Set(), soon())).join()).to.include('belonged to no pod');
    expect(await lab.linkNames()).to.deep.equal([]);
  });

  it('mends a bridge and a table that somebody deleted, so that pods are heard again', async () => {
    const [a, b] = [await start(), await start()];
    const table = { family: 'inet', name: `cricket_${lab.instance}` } as const;
    const before = await listTable(table, soon());
    await removeTable(table, soon());
    using socket = new NetlinkSocket();
    deleteLink(socket, `crk${lab.instance}`);
    const findings = await network.reconcile(new Set([a.id, b.id]), soon());
    expect(findings.filter((line) => line.includes('was put back'))).to.have.length(2);
    expect(await listTable(table, soon()))
      .to.equal(before)
      .and.be.a('string');
    await using inA = await person(a.netns);
    await using _inB = await person(b.netns);
    expect(await inA.ask(`10.199.${octet}.3`)).to.equal(`10.199.${octet}.2`);
    expect(await network.reconcile(new Set([a.id, b.id]), soon())).to.deep.equal([]);
  });

  it('has mended the bridge for the next pod without being asked', async () => {
    using socket = new NetlinkSocket();
    deleteLink(socket, `crk${lab.instance}`);
    await start();
    expect(await lab.linkNames()).to.have.length(1);
  });

  it('says which live pod has lost its link', async () => {
    const pod = await start();
    using socket = new NetlinkSocket();
    deleteLink(socket, (await lab.linkNames())[0] ?? '');
    const findings = await network.reconcile(new Set([pod.id]), soon());
    expect(findings.join()).to.include(pod.id).and.include('must be recreated');
  });
});
