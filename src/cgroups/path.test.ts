import { expect } from 'chai';
import { parseCgroupfsParent } from './drivers/cgroupfs.ts';
import { childPath, parseCgroupPath, prefixes } from './path.ts';

const refused = (text: string, why: RegExp) =>
  expect(() => parseCgroupPath(text))
    .to.throw(why)
    .with.property('code', 'invalid_argument');

describe('cgroups: paths', () => {
  it('keeps a plain path and drops needless slashes', () => {
    expect(parseCgroupPath('/kubepods/burstable/pod1')).to.equal('/kubepods/burstable/pod1');
    expect(parseCgroupPath('//kubepods///pod1/')).to.equal('/kubepods/pod1');
  });

  it('refuses what leaves the tree, is no path, or cannot be a name', () => {
    refused('kubepods/pod1', /relative/);
    refused('', /relative/);
    refused('/', /root/);
    refused('/a/../b', /"\.\."/);
    refused('/a/./b', /"\."/);
    refused('/a\0b', /control character/);
    refused('/a\nb', /control character/);
    refused(`/${'x'.repeat(256)}`, /255 bytes/);
    refused(`/${'ü'.repeat(128)}`, /255 bytes/);
    refused(`/${'abcdefghi/'.repeat(400)}`, /3500 bytes/);
    refused('/a/cgroup.procs', /kernel file/);
    refused('/a/memory.max', /kernel file/);
  });

  it('adds one name, never a path', () => {
    const parent = parseCgroupPath('/a');
    expect(childPath(parent, 'b')).to.equal('/a/b');
    for (const name of ['', '..', 'b/c', '/b']) {
      expect(() => childPath(parent, name), name)
        .to.throw()
        .with.property('code', 'invalid_argument');
    }
  });

  it('lists the way down', () => {
    expect(prefixes(parseCgroupPath('/a/b/c'))).to.deep.equal(['/a', '/a/b', '/a/b/c']);
  });
});

describe('cgroups: the cgroupfs spelling of a parent', () => {
  it('takes what a kubelet with that driver sends', () => {
    expect(parseCgroupfsParent('/kubepods/besteffort/pod6f1c')).to.equal('/kubepods/besteffort/pod6f1c');
  });

  it("refuses the systemd driver's and says how it would be spelt here", () => {
    for (const text of ['kubepods-burstable-pod1.slice', '/kubepods.slice/kubepods-burstable-pod1.slice']) {
      expect(() => parseCgroupfsParent(text))
        .to.throw(/spells it \/kubepods\/burstable\/pod1;/)
        .with.property('code', 'invalid_argument');
    }
  });
});
