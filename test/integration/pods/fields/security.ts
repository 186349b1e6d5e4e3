import { expect } from 'chai';
import fc from 'fast-check';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Capability,
  SecurityProfile,
  SecurityProfile_ProfileType as Profile,
  SupplementalGroupsPolicy,
} from '../../../../api/cri/v1/api.ts';
import type { LinuxContainerSecurityContext } from '../../../../api/cri/v1/api.ts';
import { filled } from '../../../../hack/lib/cri-client.ts';
import { capabilityNames, readCapabilities } from '../../../../src/linux/capabilities.ts';
import { procStatus } from '../../sandbox/lab.ts';
import type { FieldGroup, Seen } from '../field-group.ts';
import { mountAt } from './mounted.ts';

/** Of users and groups; runc takes none above 31 bits. */
const largestId = process.env['CRICKET_TEST_CONFIG']?.includes('runc') === true ? 2_147_483_647 : 4_294_967_294;

const capability = fc.constantFrom('NET_ADMIN', 'cap_sys_ptrace', 'SYS_TIME', 'CAP_CHOWN', 'kill', 'MKNOD', 'SYSLOG');
const masked = ['/proc/kcore', '/proc/timer_list', '/proc/keys', '/sys/firmware', '/etc/group', '/not/there'];
const readonly = ['/proc/sys', '/proc/bus', '/etc', '/var/log', '/proc/not-there'];

const wishes = fc.record({
  privileged: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  add: fc.subarray(['ALL', 'NET_ADMIN', 'cap_sys_ptrace', 'SYS_TIME'], { maxLength: 2 }),
  drop: fc.uniqueArray(fc.oneof(capability, fc.constant('all')), { maxLength: 3 }),
  addAmbient: fc.subarray(['NET_BIND_SERVICE', 'SYSLOG'], { maxLength: 1 }),
  uid: fc.constantFrom(undefined, 0, 1, 1000, 65534, largestId),
  gid: fc.constantFrom(undefined, 0, 5, 2000, largestId),
  username: fc.constantFrom('', 'nobody'),
  groups: fc.uniqueArray(fc.constantFrom(0, 7, 1234, 65534, largestId), { maxLength: 3 }),
  strict: fc.boolean(),
  readonlyRootfs: fc.boolean(),
  noNewPrivs: fc.boolean(),
  maskedPaths: fc.subarray(masked),
  readonlyPaths: fc.subarray(readonly),
  seccomp: fc.constantFrom(undefined, Profile.RuntimeDefault, Profile.Unconfined, Profile.Localhost),
});
type Wish = typeof wishes extends fc.Arbitrary<infer T> ? T : never;

const profileOf = (dir: string) => join(dir, 'seccomp.json');
const number = (value: number | undefined) => (value === undefined ? undefined : { value: BigInt(value) });

/** Whom it runs as and what that may. */
export const securityFields: FieldGroup<Wish & { readonly dir: string }> = {
  wishes: ({ dir }) => wishes.map((wish) => ({ ...settled(wish), dir })),
  put: (draft, wish) => {
    const { dir, add, drop, addAmbient, uid, gid, groups, strict, seccomp, ...same } = wish;
    writeFileSync(profileOf(dir), JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [] }));
    const security: Partial<LinuxContainerSecurityContext> = {
      privileged: same.privileged,
      readonlyRootfs: same.readonlyRootfs,
      noNewPrivs: same.noNewPrivs,
      maskedPaths: same.maskedPaths,
      readonlyPaths: same.readonlyPaths,
      runAsUsername: same.username,
      runAsUser: number(uid),
      runAsGroup: number(gid),
      supplementalGroups: groups.map(BigInt),
      supplementalGroupsPolicy: strict ? SupplementalGroupsPolicy.Strict : SupplementalGroupsPolicy.Merge,
      capabilities: filled(Capability, {
        addCapabilities: add,
        dropCapabilities: drop,
        addAmbientCapabilities: addAmbient,
      }),
      ...(seccomp === undefined
        ? {}
        : {
            seccomp: filled(SecurityProfile, {
              profileType: seccomp,
              localhostRef: seccomp === Profile.Localhost ? profileOf(dir) : '',
            }),
          }),
    };
    return {
      pod: { ...draft.pod, privileged: same.privileged },
      container: { ...draft.container, security: { ...draft.container.security, ...security } },
    };
  },
  check: (seen, wish) => {
    checkUser(seen, wish);
    checkCapabilities(seen, wish);
    const { pid } = seen;
    expect(procStatus(pid, 'NoNewPrivs')).to.equal(wish.noNewPrivs ? '1' : '0');
    const filters = wish.seccomp === Profile.Localhost || (wish.seccomp === Profile.RuntimeDefault && !wish.privileged);
    expect(procStatus(pid, 'Seccomp')).to.equal(filters ? '2' : '0');
    expect(mountAt(pid, '/')?.options.has('ro')).to.equal(wish.readonlyRootfs);
    checkPaths(seen, wish);
  },
};

/** What a request may not have at once. */
function settled(wish: Wish): Wish {
  const username = wish.uid === undefined ? wish.username : '';
  return {
    ...wish,
    username,
    gid: wish.uid === undefined && username === '' ? undefined : wish.gid,
    // Whether a privileged container may have a filter is another test's.
    seccomp: wish.privileged && wish.seccomp === Profile.Localhost ? undefined : wish.seccomp,
  };
}

/** In the image: root is 0:0, nobody 65534:65534. A user of no entry has group 0. */
function checkUser({ pid, status }: Seen, wish: Wish): void {
  const uid = wish.uid ?? (wish.username === 'nobody' ? 65534 : 0);
  const gid = wish.gid ?? (uid === 65534 ? 65534 : 0);
  const ids = (key: string) => procStatus(pid, key).split(/\s+/).filter(Boolean).map(Number);
  expect(ids('Uid')).to.deep.equal([uid, uid, uid, uid]);
  expect(ids('Gid')).to.deep.equal([gid, gid, gid, gid]);
  const groups = [...new Set([gid, ...wish.groups])].sort((a, b) => a - b);
  expect(ids('Groups')).to.deep.equal(groups);
  expect(status.user?.linux).to.deep.include({ uid: BigInt(uid), gid: BigInt(gid) });
  expect(status.user?.linux?.supplementalGroups.map(Number).sort((a, b) => a - b)).to.deep.equal(groups);
}

const usual =
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE';

function checkCapabilities({ pid }: Seen, wish: Wish): void {
  const { known, grantable } = readCapabilities();
  const full = (name: string) => `CAP_${name.toUpperCase().replace(/^CAP_/, '')}`;
  const [add, drop, ambient] = [wish.add, wish.drop, wish.addAmbient].map((names) => names.map(full));
  let wanted = new Set(usual.split(' ').map(full));
  if (add?.includes('CAP_ALL') === true) wanted = new Set(known);
  if (drop?.includes('CAP_ALL') === true) wanted = new Set();
  for (const name of [...(add ?? []), ...(ambient ?? [])]) wanted.add(name);
  for (const name of drop ?? []) wanted.delete(name);
  const given = grantable.filter((name) => wish.privileged || wanted.has(name));
  const maskOf = (names: readonly string[]) =>
    names.reduce((mask, name) => mask | (1n << BigInt(capabilityNames.indexOf(name))), 0n);
  const shown = (key: string) => BigInt(`0x${procStatus(pid, key)}`);
  const kept = maskOf(given.filter((name) => ambient?.includes(name)));
  const isRoot = procStatus(pid, 'Uid').startsWith('0\t');
  expect(shown('CapBnd'), 'bounding').to.equal(maskOf(given));
  expect(shown('CapEff'), 'effective').to.equal(isRoot ? maskOf(given) : kept);
  expect(shown('CapPrm'), 'permitted').to.equal(isRoot ? maskOf(given) : kept);
  expect(shown('CapAmb'), 'ambient').to.equal(kept);
}

/** A masked file is covered by /dev/null, a directory by an empty one; a path that is not there needs nothing. */
function checkPaths({ pid }: Seen, wish: Wish): void {
  const there = (path: string) => existsSync(`/proc/${pid}/root${path}`);
  for (const path of masked.filter(there)) {
    const covered = wish.maskedPaths.includes(path) && !wish.privileged;
    expect(mountAt(pid, path) !== undefined, `masked ${path}`).to.equal(covered);
    if (covered && path === '/etc/group') expect(readFileSync(`/proc/${pid}/root${path}`, 'utf8')).to.equal('');
  }
  for (const path of readonly.filter(there)) {
    const isReadonly = wish.readonlyPaths.includes(path) && !wish.privileged;
    expect(mountAt(pid, path)?.options.has('ro') === true, `read-only ${path}`).to.equal(isReadonly);
  }
}
