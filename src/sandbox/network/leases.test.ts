import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { newInstanceId, newPodId } from '../../base/ids.ts';
import { silentLogger } from '../../base/log.ts';
import { parseAddress } from './cidr.ts';
import { Leases } from './leases.ts';
import { aliasOf, bridgeMac, bridgeName, linkName, parseAlias, podMac } from './names.ts';

const address = parseAddress('10.199.0.7') ?? 0;

describe('leases', () => {
  let directory: string;
  beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'cricket-leases-'))));
  afterEach(async () => rm(directory, { recursive: true, force: true }));

  const open = async (boot: string) => Leases.open(directory, boot, silentLogger());
  const lease = () => ({
    ...{ pod: newPodId(), address, range: '10.199.0.0/24', link: 'ck0000' },
    ...{ address6: 'fd00::7', range6: 'fd00::/64', mac: '02:63:0a:c7:00:07' },
  });

  it('outlive the daemon, but not the boot', async () => {
    const mine = lease();
    await (await open('boot 1')).add(mine);
    const again = await open('boot 1');
    expect(again.of(mine.pod)).to.include(mine);
    expect(again.has(address)).to.equal(true);
    expect(again.has6('fd00::7')).to.equal(true);
    const rebooted = await open('boot 2');
    expect(rebooted.has(address)).to.equal(false);
    expect(await readdir(directory)).to.deep.equal([]);
  });

  it('are taken from the call on, and free again when their file cannot be written', async () => {
    const leases = await open('boot');
    const adding = leases.add(lease());
    expect(leases.has(address)).to.equal(true);
    await adding;
    const broken = await Leases.open(join(directory, 'sub'), 'boot', silentLogger());
    await rm(join(directory, 'sub'), { recursive: true });
    const failed = await broken.add(lease()).catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(Error);
    expect(broken.has(address)).to.equal(false);
  });

  it('keep the address of a file that is damaged, until someone says that no one uses it', async () => {
    for (const content of ['', '{"kind":']) {
      await writeFile(join(directory, '10.199.0.7.json'), content);
      const leases = await open('boot');
      expect(leases.has(address)).to.equal(true);
      expect(leases.all()).to.deep.equal([]);
      expect(leases.damaged()).to.deep.equal([address]);
      await leases.dropDamaged(address);
      expect(leases.has(address)).to.equal(false);
      expect(await readdir(directory)).to.deep.equal([]);
    }
  });

  it('of a newer version keep their address and stay as they are', async () => {
    const text = '{"kind":"network lease","version":99,"data":{}}';
    for (const name of ['10.199.0.7.json', 'fd00::7.json']) await writeFile(join(directory, name), text);
    const leases = await open('boot');
    expect([leases.has(address), leases.isNewer(address)]).to.deep.equal([true, true]);
    expect(leases.damaged()).to.deep.equal([]);
    await leases.dropDamaged(address);
    expect(leases.has(address)).to.equal(true);
    expect((await readdir(directory)).toSorted()).to.deep.equal(['10.199.0.7.json', 'fd00::7.json']);
    expect(await readFile(join(directory, '10.199.0.7.json'), 'utf8')).to.equal(text);
  });

  it('forget the temp file of a write that never ended', async () => {
    await writeFile(join(directory, '10.199.0.7.json.tmp'), '{');
    const leases = await open('boot');
    expect(leases.has(address)).to.equal(false);
    expect(await readdir(directory)).to.deep.equal([]);
  });
});

describe('names in the kernel', () => {
  const instance = newInstanceId();
  const pod = newPodId();

  it('fit an interface name and differ by turn', () => {
    expect(bridgeName(instance).length).to.be.at.most(15);
    const names = Array.from({ length: 8 }, (_, turn) => linkName(instance, pod, turn));
    expect(names.every((name) => name.length === 14)).to.equal(true);
    expect(new Set(names).size).to.equal(8);
  });

  it('carry locally administered unicast addresses', () => {
    for (const mac of [bridgeMac(instance), podMac(address)]) expect(mac).to.match(/^02(:[0-9a-f]{2}){5}$/);
    expect(podMac(address)).to.equal('02:63:0a:c7:00:07');
  });

  it('say in an alias whose link it is', () => {
    for (const address6 of ['', 'fd00::7'])
      expect(parseAlias(aliasOf({ pod, address, address6 }))).to.deep.equal({ pod, address, address6 });
    for (const alias of ['', 'uplink', pod, `${pod} 10.1.1`, `${pod.slice(1)} 10.1.1.1`])
      expect(parseAlias(alias)).to.equal(undefined);
  });
});
