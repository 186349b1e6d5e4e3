import { expect } from 'chai';
import { runCritest } from './critest.ts';
import type { Spec } from './critest.ts';
import { startSubject } from './subject.ts';

/** Exec, attach and port-forward, and several containers with one of them attached to. */
const groups = '-ginkgo.focus=Streaming|Multiple Containers';

/** Its whole run speaks SPDY, its default. */
describe('the streaming specs of critest over WebSocket', () => {
  const stack = new AsyncDisposableStack();
  let specs: readonly Spec[] = [];

  before(async function () {
    this.timeout(15 * 60_000);
    const { cricket, dir } = await startSubject(stack);
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
