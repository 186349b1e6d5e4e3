import { expect } from 'chai';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCricket } from '../fixtures/daemon.ts';
import { startTestRegistry, writeMirrors } from '../fixtures/images/images.ts';
import { runCritest } from './critest.ts';
import type { Spec } from './critest.ts';

/** Exec, attach and port-forward, and several containers with one of them attached to. */
const groups = '-ginkgo.focus=Streaming|Multiple Containers';

/** Its whole run speaks SPDY, its default. */
describe('the streaming specs of critest over WebSocket', () => {
  const stack = new AsyncDisposableStack();
  let specs: readonly Spec[] = [];

  before(async function () {
    this.timeout(15 * 60_000);
    const dir = mkdtempSync(join(tmpdir(), 'cricket-critest-'));
    stack.defer(() => rmSync(dir, { recursive: true, force: true }));
    const registry = await startTestRegistry({ configDir: join(dir, 'registry') });
    stack.defer(async () => registry.stop());
    const certsDir = join(dir, 'certs.d');
    mkdirSync(certsDir);
    writeMirrors(certsDir, registry);
    const cricket = await startCricket({ certsDir, demo: false });
    stack.defer(async () => cricket.stop());
    const flags = ['-websocket-exec', '-websocket-attach', '-websocket-portforward'];
    specs = await runCritest(cricket.endpoint, dir, [groups, ...flags]);
  });

  after(async function () {
    this.timeout(60_000);
    await stack.disposeAsync();
  });

  it('pass', () => {
    const run = specs.filter(({ state }) => state !== 'skipped');
    expect(run.length).to.be.at.least(8);
    expect(run.filter(({ state }) => state === 'failed')).to.deep.equal([]);
  });
});
