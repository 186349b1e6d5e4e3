import { expect } from 'chai';
import { defaultMounts } from './default-mounts.ts';
import { sampleInput } from './sample.test.ts';
import type { Namespaces, SpecInput } from './input.ts';

const at = (path: string, changes: Partial<SpecInput>) =>
  defaultMounts(sampleInput(changes)).find(({ destination }) => destination === path);
const mapping = (size: number) => [{ containerID: 0, hostID: 100_000, size }];
const withNamespaces = (changes: Partial<Namespaces>) => ({
  namespaces: { ...sampleInput().namespaces, ...changes },
});
const inUser = (size: number, changes: Partial<Namespaces> = {}) =>
  withNamespaces({ user: { kind: 'new', uidMappings: mapping(size), gidMappings: mapping(size) }, ...changes });
const host = { kind: 'host' } as const;

describe('default mounts', () => {
  it('are writable below /sys for privileged containers alone', () => {
    for (const path of ['/sys', '/sys/fs/cgroup']) {
      expect(at(path, {})?.options, path).to.include('ro').and.not.include('rw');
      expect(at(path, { privileged: true })?.options, path)
        .to.include('rw')
        .and.not.include('ro');
    }
  });

  it("show the host's where a user namespace may not mount its own", () => {
    const shared = inUser(65536, { net: host, pid: host, ipc: host });
    for (const path of ['/proc', '/sys']) {
      expect(at(path, inUser(65536))?.type, path).to.not.equal('bind');
      expect(at(path, shared), path).to.include({ type: 'bind', source: path });
    }
    expect(at('/sys', shared)?.options).to.include('rro');
    expect(at('/dev/mqueue', shared)).to.equal(undefined);
  });

  it('name the group tty only where it is mapped', () => {
    expect(at('/dev/pts', inUser(6))?.options).to.include('gid=5');
    expect(at('/dev/pts', inUser(5))?.options).to.not.include('gid=5');
  });

  it("never mount cgroup2 anew from the host's cgroup namespace", () => {
    const v2 = { host: { ...sampleInput().host, cgroupVersion: 2 } } as const;
    expect(at('/sys/fs/cgroup', v2)?.type).to.equal('bind');
    expect(at('/sys/fs/cgroup', { ...v2, ...withNamespaces({ cgroup: { kind: 'new' } }) })?.type).to.equal('cgroup');
  });
});
