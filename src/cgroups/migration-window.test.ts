import { expect } from 'chai';
import { findLayout } from './layout.ts';
import { ownProcsFile } from './migration-window.ts';

const v1 = '31 1 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n';
const v2 = '42 1 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n';

describe('ownProcsFile', () => {
  const layoutOf = (mountinfo: string) => findLayout({ mountinfo, hugepages: [] });

  it('finds us in a v1 hierarchy by any of its controllers', () => {
    const text = '3:memory:/other\n2:cpu,cpuacct:/cricket/daemon\n';
    expect(ownProcsFile(layoutOf(v1), text)).to.equal('/sys/fs/cgroup/cpu/cricket/daemon/cgroup.procs');
  });

  it('finds us in the v2 tree, the root included, and in paths with colons', () => {
    expect(ownProcsFile(layoutOf(v2), '0::/\n')).to.equal('/sys/fs/cgroup/unified/cgroup.procs');
    expect(ownProcsFile(layoutOf(v2), '0::/a:b\n')).to.equal('/sys/fs/cgroup/unified/a:b/cgroup.procs');
  });

  it('finds nothing where no hierarchy is ours', () => {
    expect(ownProcsFile(layoutOf(v1), '0::/x\n')).to.equal(undefined);
  });
});
