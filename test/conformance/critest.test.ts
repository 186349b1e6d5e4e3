import { expect } from 'chai';
import Mocha from 'mocha';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { startTestRegistry, writeMirrors } from '../fixtures/images/images.ts';
import { runCritest } from './critest.ts';
import type { Spec } from './critest.ts';
import { skipArguments, skipOf, skips } from './skips.ts';

/** It has 122 specs in version 1.36; a report with far fewer is not a run. */
const fewestSpecs = 120;

describe('critest', () => {
  const stack = new AsyncDisposableStack();
  let cricket: Cricket;
  let specs: readonly Spec[] = [];

  before(async function () {
    this.timeout(30 * 60_000);
    const dir = mkdtempSync(join(tmpdir(), 'cricket-critest-'));
    stack.defer(() => rmSync(dir, { recursive: true, force: true }));
    const registry = await startTestRegistry({ configDir: join(dir, 'registry') });
    stack.defer(async () => registry.stop());
    const certsDir = join(dir, 'certs.d');
    mkdirSync(certsDir);
    writeMirrors(certsDir, registry);
    cricket = await startCricket({ certsDir, demo: false });
    stack.defer(async () => cricket.stop());
    specs = await runCritest(cricket.endpoint, dir, skipArguments());
    for (const spec of specs) this.test?.parent?.addTest(testOf(spec));
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

/** A test without a body counts as skipped. */
function testOf({ name, state, message, seconds }: Spec): Mocha.Test {
  const left = skipOf(name);
  if (state === 'skipped' && left !== undefined) return new Mocha.Test(`${name} (${left.reason})`);
  return new Mocha.Test(`${name} (${seconds.toFixed(1)} s)`, () => {
    if (state === 'skipped') throw new Error(`it skipped itself, and skips.ts does not name it: ${message}`);
    if (state === 'failed') throw new Error(message);
  });
}
