import { expect } from 'chai';
import { runCritest } from '../conformance/critest.ts';
import type { Spec } from '../conformance/critest.ts';
import { testOf } from '../conformance/spec-tests.ts';
import { startSubject } from '../conformance/subject.ts';

/** Ends of names of specs: some of everything that differs with the kernel and its cgroups. */
const chosen = [
  'starting container',
  'removing running container',
  'support execSync',
  'listing container stats',
  'container with volume',
  'container with log',
  'HostPID',
  'ReadOnlyRootfs is true',
  'Privileged is true',
  'dropping ALL capabilities',
  'should support seccomp default on the container',
  'seccomp profile that blocks setting hostname with SYS_ADMIN',
  'port mapping with host port and container port',
  'exec with tty=true and stdin=true',
  'should support safe sysctls',
  "'rshared' should support propagation from host to container and vice versa",
  'should support recursive readonly mounts',
  'should work with apparmor profile',
  'exitCode 137 and reason OOMKilled',
];

describe('a choice of critest', () => {
  const stack = new AsyncDisposableStack();
  let ran: readonly Spec[] = [];

  before(async function () {
    this.timeout(5 * 60_000);
    const { cricket, dir } = await startSubject(stack);
    const focus = chosen.map((name) => `-ginkgo.focus=${name}( \\[.*)?$`);
    ran = (await runCritest(cricket.endpoint, dir, focus)).filter(({ state }) => state !== 'skipped');
    for (const spec of ran) this.test?.parent?.addTest(testOf(spec));
  });

  after(async function () {
    this.timeout(60_000);
    await stack.disposeAsync();
  });

  it('has a spec for every name', () => {
    expect(chosen.filter((name) => !ran.some((spec) => spec.name.endsWith(name)))).to.deep.equal([]);
  });
});
