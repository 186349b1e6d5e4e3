import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { wouldBeLost } from './signals.ts';

const { SIGTERM, SIGUSR1, SIGUSR2 } = constants.signals;

describe('signals', () => {
  it('tells handled and blocked signals from those that the first process of a namespace would never see', async () => {
    const script = `$SIG{TERM} = sub {}; use POSIX; sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGUSR1));
      $| = 1; print "x"; <STDIN>;`;
    const child = spawn('perl', ['-e', script]);
    const ended = once(child, 'close');
    await once(child.stdout, 'data');
    const pid = child.pid ?? 0;
    expect([SIGTERM, SIGUSR1, SIGUSR2].map((signal) => wouldBeLost(pid, signal))).to.deep.equal([false, false, true]);
    child.stdin.end();
    await ended;
    expect(wouldBeLost(pid, SIGUSR2)).to.equal(false);
  });
});
