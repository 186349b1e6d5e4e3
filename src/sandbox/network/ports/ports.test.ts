import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { newInstanceId, newPodId } from '../../../base/ids.ts';
import { silentLogger } from '../../../base/log.ts';
import type { PortMapping } from '../../pod/record.ts';
import { collide, isListenedOn, portTitle } from './conflicts.ts';
import { PortRecords } from './records.ts';
import { elementCommands, elementsOf, portTables } from './rules.ts';

const web: PortMapping = { protocol: 'tcp', hostPort: 8080, containerPort: 80, hostIp: '' };
const on = (hostIp: string): PortMapping => ({ ...web, hostIp });

describe('host ports that collide', () => {
  it('are those of one protocol and number whose addresses meet', () => {
    for (const [a, b, expected] of [
      ['', '', true],
      ['', '10.0.0.1', true],
      ['', '::1', true],
      ['0.0.0.0', '10.0.0.1', true],
      ['0.0.0.0', '::', false],
      ['::', 'fd00::1', true],
      ['::', '10.0.0.1', false],
      ['10.0.0.1', '10.0.0.2', false],
      ['fd00::1', 'FD00:0::1', true],
    ] as const) {
      expect(collide(on(a), on(b)), `${a} and ${b}`).to.equal(expected);
      expect(collide(on(b), on(a)), `${b} and ${a}`).to.equal(expected);
    }
    expect(collide(web, { ...web, protocol: 'udp' })).to.equal(false);
    expect(collide(web, { ...web, hostPort: 8081 })).to.equal(false);
  });

  it('collide both ways or not at all, and with themselves', () => {
    const hosts = fc.oneof(fc.constantFrom('', '0.0.0.0', '::'), fc.ipV4(), fc.ipV6());
    fc.assert(fc.property(hosts, hosts, (a, b) => collide(on(a), on(b)) === collide(on(b), on(a))));
    fc.assert(fc.property(hosts, (host) => collide(on(host), on(host))));
  });

  it('are listened on by a socket on an address that meets theirs', () => {
    const listener = (address: string, bothFamilies = false) => ({ address, bothFamilies, inode: 1 });
    expect(isListenedOn(on('10.0.0.1'), listener('::', true))).to.equal(true);
    expect(isListenedOn(on('10.0.0.1'), listener('::'))).to.equal(false);
    expect(isListenedOn(on(''), listener('127.0.0.1'))).to.equal(true);
    expect(isListenedOn(on('10.0.0.1'), listener('127.0.0.1'))).to.equal(false);
  });

  it('are named as people write them', () => {
    expect([on(''), on('10.0.0.1'), on('::1')].map(portTitle)).to.deep.equal([
      ...['tcp 8080', 'tcp 10.0.0.1:8080', 'tcp [::1]:8080'],
    ]);
  });
});

describe('rules of host ports', () => {
  const addresses = [
    { ip: '10.85.0.2', prefix: 16 },
    { ip: 'fd00::a55:2', prefix: 64 },
  ];

  it('lead each family to its address', () => {
    expect(elementsOf({ ports: [web, { ...web, hostPort: 9, hostIp: '10.0.0.1' }], addresses })).to.deep.equal([
      { family: 'ip', set: 'every', text: '6 . 8080 : 10.85.0.2 . 80' },
      { family: 'ip', set: 'one', text: '10.0.0.1 . 6 . 9 : 10.85.0.2 . 80' },
      { family: 'ip', set: 'near', text: '10.85.0.0/16 . 10.85.0.2' },
      { family: 'ip', set: 'near', text: '127.0.0.0/8 . 10.85.0.2' },
      { family: 'ip6', set: 'every', text: '6 . 8080 : fd00::a55:2 . 80' },
      { family: 'ip6', set: 'near', text: 'fd00::/64 . fd00::a55:2' },
    ]);
    expect(elementsOf({ ports: [web], addresses: [] })).to.deep.equal([]);
    expect(elementsOf({ ports: [], addresses })).to.deep.equal([]);
  });

  it('are changed by one command for each set, and written with all elements', () => {
    const instance = newInstanceId();
    const elements = elementsOf({ ports: [web, { ...web, hostPort: 81 }], addresses });
    expect(elementCommands('delete', instance, elements).split('\n')[0]).to.equal(
      `delete element ip cricket_${instance} every { 6 . 8080 : 10.85.0.2 . 80, 6 . 81 : 10.85.0.2 . 80 }`,
    );
    expect(portTables(instance, false, elements).map(({ family }) => family)).to.deep.equal(['ip']);
    expect(portTables(instance, true, elements)[1]?.body).to.include('elements = { fd00::/64 . fd00::a55:2 }');
  });
});

describe('records of host ports', () => {
  let directory: string;
  beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'cricket-ports-'))));
  afterEach(async () => rm(directory, { recursive: true, force: true }));
  const open = async (boot = 'boot') => PortRecords.open(directory, boot, silentLogger());

  it('outlive the daemon, but neither the boot nor damage', async () => {
    const record = {
      pod: newPodId(),
      title: 'default/web',
      ports: [web],
      addresses: [{ ip: '10.85.0.2', prefix: 16 }],
    };
    await (await open()).put(record);
    expect((await open()).all().map(({ pod }) => pod)).to.deep.equal([record.pod]);
    // A newer version may have written it.
    const unreadable = `${newPodId()}.json`;
    await writeFile(join(directory, unreadable), '{');
    expect((await open()).all().length).to.equal(1);
    expect((await open('next')).all()).to.deep.equal([]);
    expect(await readdir(directory)).to.deep.equal([unreadable]);
  });

  it('are closed without a write', async () => {
    const record = {
      pod: newPodId(),
      title: 'default/web',
      ports: [web],
      addresses: [{ ip: '10.85.0.2', prefix: 16 }],
    };
    const records = await open();
    await records.put(record);
    await rm(directory, { recursive: true });
    records.close(record.pod);
    expect(records.of(record.pod)?.addresses).to.deep.equal([]);
    await records.drop(record.pod);
    expect(records.all()).to.deep.equal([]);
  });
});
