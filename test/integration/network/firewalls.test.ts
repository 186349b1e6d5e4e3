import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { watchRules } from '../../../src/linux/netlink/rule-monitor.ts';
import { Watcher } from '../../../src/linux/watcher.ts';
import type { BuiltInOptions } from '../../../src/sandbox/network/open.ts';
import type { PodNetwork } from '../../../src/sandbox/network/network.ts';
import { NetworkLab, eventually, soon } from './lab.ts';
import { connectOutside } from './outside.ts';
import type { Outside } from './outside.ts';
import { enterOwnHost } from './own-host.ts';
import { person } from './person.ts';
import type { Person } from './person.ts';
import { ipsOf } from './table.ts';

const octet = 77;
const range = `10.199.${octet}.0/24`;

function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' });
}

/** Ways in which others refuse to forward, each with the name by which it must be told. */
const obstacles = [
  {
    title: 'a FORWARD policy of drop, as ufw has',
    make: () => ['iptables-nft', 'ip6tables-nft'].forEach((program) => run(program, '-P', 'FORWARD', 'DROP')),
    told: 'chain FORWARD of nftables table ip filter: its policy is drop',
    rules: () => run('nft', 'list', 'ruleset'),
  },
  {
    title: 'a FORWARD policy of drop with a DOCKER-USER chain, as Docker has',
    make: () =>
      ['iptables-nft', 'ip6tables-nft'].forEach((program) => {
        run(program, '-N', 'DOCKER-USER');
        run(program, '-A', 'FORWARD', '-j', 'DOCKER-USER');
        run(program, '-P', 'FORWARD', 'DROP');
      }),
    told: 'chain FORWARD of nftables table ip filter: its policy is drop',
    rules: () => run('nft', 'list', 'chain', 'ip', 'filter', 'DOCKER-USER'),
  },
  {
    title: 'a FORWARD policy of drop in the iptables of before nftables',
    make: () => ['iptables-legacy', 'ip6tables-legacy'].forEach((program) => run(program, '-P', 'FORWARD', 'DROP')),
    told: 'chain FORWARD of iptables-legacy: its policy is drop',
    rules: () => run('iptables-legacy', '-S', 'FORWARD'),
  },
  {
    title: 'a table of nftables with a policy of drop',
    make: () =>
      run('nft', 'add table inet corp { chain corp_forward { type filter hook forward priority 10; policy drop; }; }'),
    told: 'chain corp_forward of nftables table inet corp: its policy is drop',
    rules: () => run('nft', 'list', 'ruleset'),
  },
  {
    title: 'a last rule of reject, as firewalld has',
    make: () => {
      run(
        'nft',
        'add table inet firewalld { chain filter_FORWARD { type filter hook forward priority filter + 10; }; }',
      );
      run('nft', 'add rule inet firewalld filter_FORWARD ct state established,related accept');
      run('nft', 'add rule inet firewalld filter_FORWARD reject with icmpx type admin-prohibited');
    },
    told: 'chain filter_FORWARD of nftables table inet firewalld: its last rule is reject',
    rules: () => run('nft', 'list', 'ruleset'),
  },
] as const;

describe('the built-in network among firewalls of others', function () {
  this.timeout(30_000);
  const stack = new DisposableStack();
  let lab: NetworkLab;
  let outside: Outside;
  let people: Person[];

  beforeEach(async () => {
    stack.use(enterOwnHost());
    people = [];
    lab = await NetworkLab.make();
    const far = await lab.pod();
    outside = connectOutside(far, 'uplink0', octet);
    people.push(await person(far.netns));
  });

  afterEach(async () => {
    for (const one of people) await one[Symbol.asyncDispose]();
    await lab.close();
  });
  after(() => stack.dispose());

  async function podOf(network: PodNetwork): Promise<Person> {
    const pod = await lab.pod();
    await network.attach(pod, soon());
    const one = await person(pod.netns);
    people.push(one);
    return one;
  }

  const open = async (more: Partial<BuiltInOptions> = {}) => lab.open([range], more);
  const reaches = async (pod: Person) => {
    const asked = [outside.self.ipv4, outside.self.ipv6].map(async (ip) => pod.ask(ip).catch(() => 'nobody'));
    return (await Promise.all(asked)).map((answer) => answer !== 'nobody');
  };

  for (const { title, make, told, rules } of obstacles)
    it(`tells ${title}, mends it where it may, and takes the mend away again`, async () => {
      make();
      let network = await open();
      expect(network.ready()).to.have.property('reason', 'ForwardingRefused');
      expect(network.ready()).to.have.property('message').that.includes(told).and.includes('network.accept_forward');
      const pod = await podOf(network);
      expect(await reaches(pod)).to.deep.equal([false, false]);
      const before = rules();

      network = await open({ acceptForward: true });
      expect(network.ready()).to.deep.equal({ ready: true });
      expect(await reaches(pod)).to.deep.equal([true, true]);
      expect(rules()).to.include(`cricket ${lab.instance}`);
      expect(await network.reconcile(new Set(), soon()).then((done) => done.filter((line) => line.includes('accept'))))
        .to //
        .deep.equal([]);

      network = await open();
      expect(network.ready()).to.have.property('reason', 'ForwardingRefused');
      expect(rules().replaceAll(/packets \d+ bytes \d+/g, '')).to.equal(
        before.replaceAll(/packets \d+ bytes \d+/g, ''),
      );
    });

  it('is content where somebody accepts its bridge already', async () => {
    run('iptables-nft', '-P', 'FORWARD', 'DROP');
    for (const flag of ['-i', '-o']) run('iptables-nft', '-A', 'FORWARD', flag, `crk${lab.instance}`, '-j', 'ACCEPT');
    expect((await open()).ready()).to.deep.equal({ ready: true });
  });

  it('sees a flush of all rules and mends its own, and a firewall that comes later', async () => {
    await using watcher = new Watcher();
    const network = await open({ watchRules: (onChange) => watchRules(watcher, onChange), acceptForward: true });
    const pod = await podOf(network);
    run('nft', 'flush', 'ruleset');
    const tables = await eventually(
      () => run('nft', 'list', 'tables'),
      (text) => text.includes(`cricket_${lab.instance}`),
    );
    expect(tables).to.include(`inet cricket_${lab.instance}`);
    expect(await reaches(pod)).to.deep.equal([true, true]);
    for (let turn = 0; turn < 2; turn++) {
      // What a reload does: its own table goes and comes, with nobody's rules but its own.
      run('nft', 'add table inet firewalld; delete table inet firewalld');
      obstacles[4].make();
      const listing = await eventually(
        () => run('nft', 'list', 'ruleset'),
        (text) => text.includes(`comment "cricket ${lab.instance}"`),
      );
      expect(listing).to.include(`comment "cricket ${lab.instance}"`);
      expect(await reaches(pod)).to.deep.equal([true, true]);
    }
    await network.close();
  });

  it('goes on taking router advertisements when it turns IPv6 forwarding on, and only there', async () => {
    const ra = '/proc/sys/net/ipv6/conf/uplink0/accept_ra';
    run('ip', '-6', 'route', 'add', 'default', 'via', outside.self.ipv6);
    expect(readFileSync(ra, 'utf8').trim()).to.equal('1');
    await open();
    expect(readFileSync(ra, 'utf8').trim()).to.equal('2');
    expect(readFileSync('/proc/sys/net/ipv6/conf/all/forwarding', 'utf8').trim()).to.equal('1');
    expect(readFileSync(`/proc/sys/net/ipv6/conf/crk${lab.instance}/accept_ra`, 'utf8').trim()).to.equal('0');
  });

  it('leaves the router advertisements of a host alone that was a router before', async () => {
    writeFileSync('/proc/sys/net/ipv6/conf/all/forwarding', '1');
    await open();
    expect(readFileSync('/proc/sys/net/ipv6/conf/uplink0/accept_ra', 'utf8').trim()).to.equal('1');
  });

  it('gives pods IPv4 only where the host has turned IPv6 off', async () => {
    run('ip6tables-nft', '-P', 'FORWARD', 'DROP');
    for (const scope of ['all', 'default']) writeFileSync(`/proc/sys/net/ipv6/conf/${scope}/disable_ipv6`, '1');
    const network = await open();
    expect(network.ready()).to.deep.equal({ ready: true });
    expect(await ipsOf(network, await lab.pod())).to.deep.equal({ ipv4: `10.199.${octet}.2`, ipv6: '' });
  });
});
