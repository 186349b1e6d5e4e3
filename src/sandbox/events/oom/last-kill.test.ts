import { expect } from 'chai';
import { isOomEnd, latestKill } from './last-kill.ts';

const child = { at: 50_000, init: false, exact: true };
const after = (ms: number, byUs = false) => ({ at: child.at + ms, byUs });

describe('an end by 137', () => {
  it('is for want of memory if the first process was killed for it, however long it took to go', () => {
    expect(isOomEnd({ ...child, init: true }, after(60_000))).to.equal(true);
    expect(isOomEnd({ ...child, init: true }, after(10, true)), 'a stop came on top of it').to.equal(true);
  });

  it("is for want of memory within a second of a child's kill, unless it was our own kill", () => {
    expect([0, 999, 1_000, 1_001, 60_000].map((ms) => isOomEnd(child, after(ms)))).to.deep.equal([
      ...[true, true, true, false, false],
    ]);
    expect(isOomEnd(child, after(500, true))).to.equal(false);
    expect(isOomEnd(child, after(-20)), 'the kill was seen after the end').to.equal(true);
    expect(isOomEnd(undefined, after(0))).to.equal(false);
  });

  it('has more time where the time of the kill is not known well', () => {
    expect(isOomEnd({ ...child, exact: false }, after(2_500))).to.equal(true);
    expect(isOomEnd({ ...child, exact: false }, after(3_500))).to.equal(false);
  });
});

describe('two OOM kills of a container', () => {
  it('are the later one, and one of the first process if either is', () => {
    const later = { ...child, at: child.at + 5 };
    expect(latestKill(child, later)).to.deep.equal(later);
    expect(latestKill(later, { ...child, init: true, exact: false })).to.deep.equal({ ...later, init: true });
    expect(latestKill(undefined, child)).to.deep.equal(child);
  });
});
