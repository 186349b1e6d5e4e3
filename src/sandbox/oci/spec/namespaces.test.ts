import { expect } from 'chai';
import { chooseCgroupNamespace, hostnameFor, idMappings, namespaceSection } from './namespaces.ts';
import { sampleInput } from './sample.test.ts';

const host = { kind: 'host' } as const;
const mapping = [{ containerID: 0, hostID: 65536, size: 65536 }];

describe('namespaces', () => {
  it("are new, joined by path, or, left out, the host's; mount is always new", () => {
    expect(
      namespaceSection({
        net: { kind: 'path', path: '/run/netns/a' },
        ipc: host,
        uts: { kind: 'path', path: '/run/uts' },
        pid: { kind: 'new' },
        cgroup: host,
        user: host,
      }),
    ).to.deep.equal([
      { type: 'mount' },
      { type: 'pid' },
      { type: 'network', path: '/run/netns/a' },
      { type: 'uts', path: '/run/uts' },
    ]);
  });

  it('carry the id mappings of a user namespace, made or joined', () => {
    expect(idMappings(host)).to.deep.equal({});
    const mappings = { uidMappings: mapping, gidMappings: mapping };
    expect(idMappings({ kind: 'new', ...mappings })).to.deep.equal(mappings);
    expect(idMappings({ kind: 'path', path: '/user', ...mappings })).to.deep.equal(mappings);
  });

  it('get a host name only where the UTS namespace is made by the runtime', () => {
    const { namespaces } = sampleInput();
    expect(hostnameFor({ hostname: 'a', namespaces })).to.equal('a');
    expect(hostnameFor({ hostname: 'a', namespaces: { ...namespaces, uts: host } })).to.equal(undefined);
    const joined = { kind: 'path', path: '/run/uts' } as const;
    expect(hostnameFor({ hostname: 'a', namespaces: { ...namespaces, uts: joined } })).to.equal(undefined);
  });

  it('hide the cgroup on v2, but not from privileged containers', () => {
    expect(chooseCgroupNamespace(2, false)).to.deep.equal({ kind: 'new' });
    expect(chooseCgroupNamespace(2, true)).to.deep.equal(host);
    expect(chooseCgroupNamespace(1, false)).to.deep.equal(host);
  });
});
