import { expect } from 'chai';
import { KillTimes } from './kill-times.ts';
import { latestKill } from './last-kill.ts';
import type { LastKill } from './last-kill.ts';

const kill = { at: 1_000, init: false, exact: true };

describe('the time of an OOM kill', () => {
  let end: (() => void) | undefined;
  let noted: LastKill | undefined;
  let times: KillTimes;
  beforeEach(() => {
    [end, noted] = [undefined, undefined];
    const counts = {
      noteKill: (_id: string, one: LastKill) => void (noted = latestKill(noted, one)),
      lastKill: () => noted,
    };
    const onReadable = (_fd: number, onEnd: () => void) => {
      end = onEnd;
      return { [Symbol.dispose]: () => undefined };
    };
    times = new KillTimes(counts, { onReadable });
  });
  afterEach(() => times[Symbol.dispose]());

  it('is when the victim has ended, which may take its time', () => {
    times.named('c', process.pid, kill);
    expect(times.last('c')).to.deep.equal(kill);
    const before = Date.now();
    end?.();
    expect(times.last('c')?.at).to.be.within(before, Date.now());
  });

  it('is now for a victim that has ended already, and for a counter that rose', () => {
    const before = Date.now();
    times.named('c', 2 ** 30, kill);
    expect(times.last('c')?.at).to.be.within(before, Date.now());
    times.counted('d', false);
    expect(noted?.at).to.be.within(before, Date.now());
  });

  it("is the kernel's own for a first process, and for what was killed while nobody watched", () => {
    times.named('c', process.pid, { ...kill, init: true });
    times.named('c', process.pid, { ...kill, exact: false });
    expect(end).to.equal(undefined);
    expect(times.last('c')?.at).to.equal(kill.at);
  });
});
