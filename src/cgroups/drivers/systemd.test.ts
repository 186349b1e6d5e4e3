import { expect } from 'chai';
import { parseCgroupPath } from '../path.ts';
import { parseCgroupfsParent } from './cgroupfs.ts';
import {
  childOf,
  containerPath,
  expandSlice,
  fromCgroupsPath,
  isOfContainer,
  nameOfChild,
  parseSystemdParent,
  toCgroupsPath,
  unitOf,
} from './systemd.ts';

const id = 'c0ffee'.padEnd(64, '0');
const kubelets =
  '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0d6f1c1a_1f3b_4a3e_8a53_0f7e7a8b9c0d.slice';

describe('names under the systemd driver', () => {
  it('of a parent are those of the kubelet, with the path or without', () => {
    expect(parseSystemdParent(kubelets)).to.equal(kubelets);
    expect(parseSystemdParent(kubelets.slice(kubelets.lastIndexOf('/') + 1))).to.equal(kubelets);
    expect(parseSystemdParent('a.slice')).to.equal('/a.slice');
    expect(parseSystemdParent('/a-b.slice')).to.equal('/a.slice/a-b.slice');
    expect(parseSystemdParent('/a.slice/a-b.slice/')).to.equal('/a.slice/a-b.slice');
  });

  it('of a parent that are the other driver’s, or nobody’s, are refused', () => {
    expect(() => parseSystemdParent('/kubepods/burstable/pod-1')).to.throw(
      /is no slice.*systemd, which spells it kubepods-burstable-pod_1\.slice; give kubelet and runtime the same/,
    );
    expect(() => parseCgroupfsParent(kubelets)).to.throw(/is a systemd slice.*cgroupfs/);
    expect(() => parseSystemdParent('/x.slice/a-b.slice')).to.throw(/not where systemd keeps that slice/);
    for (const wrong of [
      '-.slice',
      '.slice',
      'a--b.slice',
      '-a.slice',
      'a-.slice',
      'a b.slice',
      'ü.slice',
      'a:\n.slice',
    ])
      expect(() => parseSystemdParent(wrong), wrong).to.throw('cgroup parent');
    expect(() => parseSystemdParent(`${'a'.repeat(250)}.slice`)).to.throw('is no name of a slice');
    for (const wrong of ['', '/', 'a.scope', 'a.service']) expect(() => parseSystemdParent(wrong)).to.throw('no slice');
  });

  it('of a container are a scope in a slice, and its id elsewhere', () => {
    const slice = parseSystemdParent(kubelets);
    const path = containerPath(slice, id);
    expect(path).to.equal(`${kubelets}/cricket-${id}.scope`);
    expect(toCgroupsPath(path)).to.equal(`${kubelets.slice(kubelets.lastIndexOf('/') + 1)}:cricket:${id}`);
    const plain = containerPath(parseCgroupPath('/kubepods/pod1'), id);
    expect(plain).to.equal(`/kubepods/pod1/${id}`);
    expect(toCgroupsPath(plain)).to.equal(plain);
    for (const each of [path, plain]) {
      expect(fromCgroupsPath(toCgroupsPath(each))).to.equal(each);
      expect(isOfContainer(each, id)).to.equal(true);
      expect(isOfContainer(`${each}/exec-1`, id)).to.equal(false);
    }
    for (const other of ['', 'a:b', 'a.slice:crio:1', 'a.service:cricket:1'])
      expect(fromCgroupsPath(other)).to.equal(undefined);
  });

  it('say which unit has a cgroup, if any', () => {
    const path = containerPath(expandSlice('a-b.slice'), id);
    expect(unitOf(path)).to.deep.equal({ kind: 'scope', name: `cricket-${id}.scope`, slice: 'a-b.slice' });
    expect(unitOf(expandSlice('a-b.slice'))).to.deep.equal({ kind: 'slice', name: 'a-b.slice', slice: 'a.slice' });
    expect(unitOf(expandSlice('a.slice'))).to.deep.equal({ kind: 'slice', name: 'a.slice', slice: undefined });
    for (const other of [`${path}/exec-1`, `${path}/a.scope`, '/a/b', '/a/b.scope', '/a.slice/b'])
      expect(unitOf(parseCgroupPath(other)), other).to.equal(undefined);
  });

  it('of a pod of ours come back from its directory', () => {
    const name = `pod-ab12-${id}`;
    for (const parent of ['cricket.slice', 'a-b.slice'].map(expandSlice).concat(parseCgroupPath('/cricket'))) {
      const path = childOf(parent, name);
      expect(path.startsWith(`${parent}/`)).to.equal(true);
      expect(nameOfChild(parent, path.slice(path.lastIndexOf('/') + 1))).to.equal(name);
    }
    const parent = expandSlice('cricket.slice');
    for (const other of ['cricket-daemon-ab12.scope', 'other.slice', 'cgroup.procs'])
      expect(nameOfChild(parent, other)).to.equal(undefined);
  });
});
