import { expect } from 'chai';
import { installForMachines, runTestsIn } from './machine.ts';

/** What depends on the kernel and the version of its cgroups; started by hand, without a service manager. */
const files = [
  'test/integration/linux/overlay.test.ts',
  'test/integration/cgroups/lifecycle.test.ts',
  'test/integration/cgroups/limits.test.ts',
  'test/integration/cgroups/stats.test.ts',
  'test/integration/sandbox/container-limits.test.ts',
  'test/integration/sandbox/container-end.test.ts',
  'test/integration/sandbox/pod-config.test.ts',
  'test/integration/stats/values.test.ts',
  'test/integration/stats/cri-metrics.test.ts',
  'test/integration/events/oom.test.ts',
];

for (const kernel of ['6.12', '6.1'])
  describe(`on cgroup v2, Linux ${kernel}`, function () {
    this.timeout(900_000);
    let installed: string;
    before(() => (installed = installForMachines()));
    for (const file of files) it(file, async () => expect(await runTestsIn(kernel, installed, file)).to.equal(0));
  });
