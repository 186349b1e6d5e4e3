import { expect } from 'chai';
import { parseLayer } from '../../config/layers.ts';
import { parseConfig } from '../../config/parse.ts';
import { checkHost } from './command.ts';
import type { Finding } from './finding.ts';
import type { Host } from './host.ts';

const mounts = (...entries: readonly string[]) =>
  entries
    .map((entry, index) => {
      const [dir = '', type = '', options = ''] = entry.split(' ');
      return `${index} 1 0:${index} / ${dir} rw - ${type} none rw,${options}`;
    })
    .join('\n');

/** A host on which all is well. */
const files: Readonly<Record<string, string>> = {
  '/proc/sys/kernel/osrelease': '6.12.1-amd64\n',
  '/proc/filesystems': 'nodev\tproc\nnodev\toverlay\n',
  '/proc/sys/kernel/seccomp/actions_avail': 'allow\n',
  '/proc/self/mountinfo': mounts('/sys/fs/cgroup cgroup2 nsdelegate'),
  '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io memory hugetlb pids\n',
  '/proc/self/status': 'CapPrm:\t000001ffffffffff\nCapBnd:\t000001ffffffffff\n',
  '/proc/sys/kernel/cap_last_cap': '40\n',
  '/proc/sys/net/ipv4/ip_forward': '1\n',
  '/proc/sys/net/ipv6/conf/all/disable_ipv6': '0\n',
  '/proc/sys/net/ipv6/conf/default/disable_ipv6': '0\n',
  '/proc/sys/fs/inotify/max_user_instances': '8192\n',
};
const programs: Readonly<Record<string, string>> = {
  '/usr/bin/crun --version': 'crun version 1.21\ncommit: x\n',
  '/usr/bin/crun features': '{"ociVersionMax": "1.1.0+dev", "mountOptions": ["rro", "idmap"]}',
  '/usr/sbin/runc --version': 'runc version 1.1.5+ds1\n',
  '/usr/bin/conmon --version': 'conmon version 2.1.12\n',
  'stat -c %d:%i /': '8:2\n',
  'nsenter --mount=/proc/self/ns/mnt stat -c %d:%i /': '8:2\n',
  'nft list tables': '',
  'nft --version': 'nftables v1.0.6 (Lester Gooch #5)\n',
};

interface Changes {
  readonly files?: Readonly<Record<string, string | undefined>>;
  readonly programs?: Readonly<Record<string, string | undefined>>;
  readonly lists?: Readonly<Record<string, readonly string[]>>;
  readonly disk?: { readonly type?: number; readonly freeBytes?: number };
  readonly uid?: number;
  /** Of systemd, as it answers; an error: it does not. */
  readonly systemd?: string | Error;
}

function host(changes: Changes = {}): Host {
  const texts = { ...files, ...changes.files };
  const outputs = { ...programs, ...changes.programs };
  return {
    uid: changes.uid ?? 0,
    read: async (path) => texts[path],
    list: async (path) => changes.lists?.[path] ?? [],
    exists: async (path) =>
      path === '/run/dbus/system_bus_socket' || (path === '/run/systemd/system' && 'systemd' in changes),
    systemdVersion: async () => {
      if (typeof changes.systemd === 'string') return changes.systemd;
      throw changes.systemd ?? new Error('nobody asks where there is no systemd');
    },
    executable: async (path) => path === '/usr/bin/catatonit' || outputs[`${path} --version`] !== undefined,
    run: async (path, ...args) => {
      const stdout = outputs[[path, ...args].join(' ')];
      return stdout === undefined ? undefined : { code: 0, stdout, stderr: '' };
    },
    disk: async (path) =>
      path === '/' ? { type: 0xef53, freeBytes: 5e11, totalBytes: 1e12, freeInodes: 1e6, ...changes.disk } : undefined,
  };
}

const config = parseConfig([]);
const bad = async (changes: Changes, settings = config): Promise<readonly Finding[]> =>
  (await checkHost(host(changes), settings)).filter(({ state }) => state !== 'ok');

describe('cricket check', () => {
  it('finds nothing on a host where all is well', async () => {
    expect(await bad({})).to.deep.equal([]);
    const names = (await checkHost(host(), config)).map(({ name, found }) => `${name}: ${found}`);
    expect(names).to.include.members([
      'runtime crun (default): 1.21, OCI up to 1.1.0+dev, mounts: idmap rro',
      'cgroups: v2',
    ]);
  });

  it('says which cgroup driver there is, and what systemd lacks', async () => {
    const driverOf = async (changes: Changes, text = '') => {
      const found = await checkHost(host(changes), parseConfig(text === '' ? [] : [parseLayer('x.toml', text)]));
      const { state = '', found: said = '', advice = '' } = found.find(({ name }) => name === 'cgroup driver') ?? {};
      return `${state}: ${said}${advice && ` → ${advice}`}`;
    };
    expect(await driverOf({})).to.equal('ok: cgroupfs, below /cricket');
    expect(await driverOf({ systemd: '252.39' })).to.equal('ok: systemd 252.39, below cricket.slice');
    expect(await driverOf({ systemd: '252' }, 'cgroup.parent = "/pods"')).to.equal('ok: cgroupfs, below /pods');
    expect(await driverOf({ systemd: new Error('D-Bus is away') })).to.match(
      /^fail: systemd: .*D-Bus is away → systemctl/,
    );
    expect(await driverOf({}, 'cgroup.driver = "systemd"')).to.match(/^fail: systemd does not run here → set cgroup/);
    expect(await driverOf({ systemd: '252' }, 'cgroup = { driver = "systemd", parent = "/a/b" }')).to.match(
      /^fail: .*spells it a-b\.slice.* → set cgroup\.parent/,
    );
    expect(await driverOf({}, 'cgroup = { driver = "cgroupfs", parent = "a.slice" }')).to.match(
      /^fail: .*systemd slice/,
    );
  });

  it('says whether AppArmor is on, and what it lacks', async () => {
    const on = {
      '/sys/module/apparmor/parameters/enabled': 'Y\n',
      '/sys/kernel/security/apparmor/profiles': '',
    };
    const told = async (changes: Changes) => {
      const found = (await checkHost(host(changes), config)).find(({ name }) => name === 'AppArmor');
      return `${found?.state}: ${found?.found}; ${found?.advice}`;
    };
    expect(await told({})).to.match(/^ok: off: /);
    expect(await told({ files: on })).to.match(/^warn: on, without apparmor_parser; .*install the package apparmor/);
    expect(await told({ files: on, programs: { '/usr/sbin/apparmor_parser --version': '3' } })).to.equal('ok: on; ');
    const hidden = { ...on, '/sys/kernel/security/apparmor/profiles': undefined };
    expect(await told({ files: hidden })).to.match(/mount -t securityfs/);
  });

  it('names hybrid control groups and the mount that mends them', async () => {
    const hybrid = mounts(
      '/sys/fs/cgroup/cpu cgroup cpu',
      '/sys/fs/cgroup/memory cgroup memory',
      '/sys/fs/cgroup/pids cgroup pids',
      '/sys/fs/cgroup/cpuset cgroup cpuset',
      '/sys/fs/cgroup/blkio cgroup blkio',
      '/sys/fs/cgroup/systemd cgroup name=systemd',
      '/sys/fs/cgroup/unified cgroup2 x',
    );
    const left = { '/proc/self/mountinfo': hybrid, '/sys/fs/cgroup/unified/cgroup.controllers': 'hugetlb\n' };
    const [finding, ...others] = await bad({ files: left });
    expect(others).to.deep.equal([]);
    expect(finding).to.include({ name: 'cgroup hybrid', state: 'fail' });
    expect(finding?.advice).to.contain('mount -t cgroup -o hugetlb cgroup /sys/fs/cgroup/hugetlb');
    expect(await bad({ files: { ...left, '/sys/fs/cgroup/unified/cgroup.controllers': '\n' } })).to.deep.equal([]);
  });

  const cases: readonly (readonly [string, Changes, Partial<Finding>])[] = [
    ['an old kernel', { files: { '/proc/sys/kernel/osrelease': '5.10.0' } }, { name: 'kernel', state: 'fail' }],
    ['an untested kernel', { files: { '/proc/sys/kernel/osrelease': '5.15.0' } }, { name: 'kernel', state: 'warn' }],
    ['no overlayfs', { files: { '/proc/filesystems': 'ext4\n' } }, { name: 'overlayfs', state: 'fail' }],
    ['no control groups', { files: { '/proc/self/mountinfo': '' } }, { name: 'cgroups', state: 'fail' }],
    [
      'no memory controller',
      { files: { '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io pids' } },
      { name: 'cgroup memory', state: 'fail' },
    ],
    [
      'no default runtime',
      { programs: { '/usr/bin/crun --version': undefined } },
      { name: 'runtime crun (default)', state: 'fail' },
    ],
    [
      'no second runtime',
      { programs: { '/usr/sbin/runc --version': undefined } },
      { name: 'runtime runc', state: 'warn' },
    ],
    [
      'an old conmon',
      { programs: { '/usr/bin/conmon --version': 'conmon version 2.0.25' } },
      { name: 'conmon', state: 'fail' },
    ],
    ['no nftables', { programs: { 'nft list tables': undefined } }, { name: 'nftables', state: 'fail' }],
    [
      'a capability that is missing',
      { files: { '/proc/self/status': 'CapPrm:\t000001fffeffffff\nCapBnd:\t000001fffeffffff' } },
      { name: 'CAP_SYS_RESOURCE', state: 'warn' },
    ],
    [
      'a vital one that is missing',
      { files: { '/proc/self/status': 'CapPrm:\t000001ffffdfffff\nCapBnd:\t000001ffffdfffff' } },
      { name: 'CAP_SYS_ADMIN', state: 'fail' },
    ],
    ['another user', { uid: 1000 }, { name: 'root', state: 'fail' }],
    [
      'few inotify instances',
      { files: { '/proc/sys/fs/inotify/max_user_instances': '128' } },
      { name: 'inotify instances', state: 'warn' },
    ],
    ['forwarding off', { files: { '/proc/sys/net/ipv4/ip_forward': '0' } }, { name: 'ip_forward', state: 'warn' }],
    [
      'a firewall that forwards nothing',
      {
        programs: {
          'nft -j list chains':
            '{"nftables": [{"chain": {"family": "ip", "table": "filter", "name": "FORWARD", "handle": 2, "type": "filter", "hook": "forward", "prio": 0, "policy": "drop"}}]}',
        },
      },
      {
        name: 'forwarding',
        state: 'warn',
        found: 'chain FORWARD of nftables table ip filter: its policy is drop',
      },
    ],
    [
      'a chroot',
      { programs: { 'stat -c %d:%i /': '8:820367\n' } },
      { name: 'chroot', state: 'fail', advice: 'enter it by systemd-nspawn -b -D DIRECTORY, or boot it' },
    ],
    ['a root on overlayfs', { disk: { type: 0x794c7630 } }, { name: 'disk type', state: 'fail' }],
    ['a full disk', { disk: { freeBytes: 1000 } }, { name: 'disk space', state: 'fail' }],
  ];
  for (const [what, changes, expected] of cases)
    it(`tells ${what} and what to do`, async () => {
      const findings = await bad(changes);
      expect(findings.length).to.equal(1);
      expect(findings[0]).to.include(expected);
      expect(findings[0]?.advice).to.not.equal('');
    });

  it('names the file system of the root', async () => {
    const found = await checkHost(host({ disk: { type: 0xef53 } }), config);
    expect(found.find(({ name }) => name === 'disk type')).to.include({ state: 'ok', found: 'ext4' });
  });

  it('looks for the plugins that a CNI configuration names, and for what they speak', async () => {
    const lists = { '/etc/cni/net.d': ['10-net.conflist', 'README'] };
    const file = '/etc/cni/net.d/10-net.conflist';
    const plugins = [{ type: 'bridge', ipam: { type: 'host-local' } }, { type: 'portmap' }];
    const list = (version: string) => JSON.stringify({ cniVersion: version, name: 'pods', plugins });
    const there = (...names: readonly string[]) =>
      Object.fromEntries(names.map((name) => [`/usr/lib/cni/${name} --version`, '']));
    const all = there('bridge', 'host-local', 'portmap');
    const speaks = { 'env CNI_COMMAND=VERSION /usr/lib/cni/bridge': '{"supportedVersions":["0.4.0","1.0.0"]}' };
    const cni = async (text: string, more: object) => {
      const found = await checkHost(host({ lists, files: { [file]: text }, programs: { ...more, ...speaks } }), config);
      return found.find(({ name }) => name === 'pod network');
    };
    expect(await cni(list('1.0.0'), all)).to.include({
      ...{ state: 'ok', found: 'CNI 10-net.conflist: pods, version 1.0.0, bridge, host-local, portmap' },
    });
    expect(await cni(list('1.0.0'), there('bridge', 'portmap'))).to.include({
      ...{ state: 'fail', found: 'CNI 10-net.conflist: no plugin host-local' },
    });
    expect(await cni(list('1.1.0'), all)).to.include({
      ...{ state: 'fail', found: 'CNI 10-net.conflist: bridge speaks 1.0.0, not 1.1.0' },
    });
    const broken = await cni('{', all);
    expect(broken?.state).to.equal('fail');
    expect(broken?.found).to.contain('CNI 10-net.conflist: it is not JSON');
    const [none] = await bad({}, parseConfig([parseLayer('f', '[network]\nmode = "cni"')]));
    expect(none).to.include({ name: 'pod network', state: 'fail' });
  });
});
