import { expect } from 'chai';
import type { Cricket } from '../fixtures/daemon.ts';
import { runCritest } from './critest.ts';
import type { Spec } from './critest.ts';
import { skipArguments, skips } from './skips.ts';
import { testOf } from './spec-tests.ts';
import { startSubject } from './subject.ts';

/** It has 122 specs in version 1.36; a report with far fewer is not a run. */
const fewestSpecs = 120;
/** To run again what failed: a regular expression of Go's that full names of specs match. */
const focus = process.env['CRICKET_CRITEST_FOCUS'];

describe('critest', () => {
  const stack = new AsyncDisposableStack();
  let cricket: Cricket;
  let specs: readonly Spec[] = [];

  before(async function () {
    this.timeout(30 * 60_000);
    const subject = await startSubject(stack);
    cricket = subject.cricket;
    const chosen = focus === undefined ? [] : [`-ginkgo.focus=${focus}`];
    specs = await runCritest(cricket.endpoint, subject.dir, [...skipArguments(), ...chosen]);
    const ran = focus === undefined ? specs : specs.filter(({ state }) => state !== 'skipped');
    for (const spec of ran) this.test?.parent?.addTest(testOf(spec));
  });

  after(async function () {
    this.timeout(60_000);
    await stack.disposeAsync();
  });

  it('runs all that is not left out by name, and leaves out nothing that is not there', () => {
    expect(specs.length).to.be.at.least(fewestSpecs);
    const unused = skips.filter(({ name }) => !specs.some((spec) => spec.name.startsWith(name)));
    expect(unused.map(({ name }) => name)).to.deep.equal([]);
  });

  it('leaves no pod behind', async () => {
    expect((await cricket.client.runtime.listPodSandbox()).items.map(({ metadata }) => metadata?.name)).to.deep.equal(
      [],
    );
    expect(await cricket.left()).to.deep.equal([]);
  });
});
