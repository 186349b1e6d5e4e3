import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import { LoopDelay } from './loop-delay.ts';

/** The loop does nothing else meanwhile. */
function hold(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end;);
}

describe('the delay of the event loop', () => {
  it('is the longest since the last question, close to one and long after it', async () => {
    const loop = new LoopDelay();
    expect(loop.longest()).to.equal(0);
    await delay(50);
    hold(100);
    await delay(50);
    expect(loop.longest()).to.be.at.least(0.06);
    await delay(2300);
    hold(600);
    await delay(300);
    expect(loop.longest()).to.be.at.least(0.3);
  });
});
