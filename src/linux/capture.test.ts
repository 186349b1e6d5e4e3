import { expect } from 'chai';
import { captureProgram } from './capture.ts';
import type { CaptureOptions } from './capture.ts';
import { exitCodeOf } from './pidfd.ts';
import { Watcher } from './watcher.ts';

describe('captureProgram', () => {
  let watcher: Watcher;
  before(() => (watcher = new Watcher()));
  after(async () => watcher[Symbol.asyncDispose]());

  async function capture(script: string, options: Partial<CaptureOptions> = {}) {
    const given = { path: '/bin/sh', args: ['-c', script], env: ['PATH=/usr/bin:/bin'], limit: 1 << 20, ...options };
    const { ending, stdout, stderr, cut } = await captureProgram(watcher, given);
    return { code: exitCodeOf(ending), stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8'), cut };
  }

  it('keeps both streams and the exit code', async () => {
    expect(await capture('echo out; echo err >&2; exit 3')).to.deep.equal({
      ...{ code: 3, stdout: 'out\n', stderr: 'err\n', cut: false },
    });
    expect(await capture('kill -9 $$')).to.deep.equal({ code: 137, stdout: '', stderr: '', cut: false });
  });

  it('keeps no more than the limit, and lets the program run on', async () => {
    const { code, stdout, cut } = await capture('head -c 300000 /dev/zero; exit 5', { limit: 1000 });
    expect([code, stdout.length, cut]).to.deep.equal([5, 1000, true]);
  });

  it('does not wait for a child that holds the output open', async () => {
    const begun = performance.now();
    expect(await capture('sleep 5 & echo here')).to.include({ code: 0, stdout: 'here\n' });
    expect(performance.now() - begun).to.be.below(4000);
  });

  it('keeps what came while the loop was busy', async () => {
    const onStart: CaptureOptions['onStart'] = ({ ended }) => {
      // Busy from a moment after the end until long after the late output: both wait for the loop then.
      void ended.then(() => setTimeout(() => setImmediate(() => busyFor(400)), 10));
    };
    const script = '(sleep 0.06; echo late) & echo now';
    expect(await capture(script, { onStart })).to.include({ stdout: 'now\nlate\n' });
  });
});

function busyFor(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}
