import { expect } from 'chai';
import { CpuRate } from './rate.ts';

/** In microseconds, and in nanoseconds. */
const us = 1000;
const ms = 1_000_000;

describe('CPU use between looks', () => {
  it('is unknown at the first, then what was used since', () => {
    const rate = new CpuRate();
    expect(rate.next(0, 5)).to.equal(undefined);
    // Half a CPU for two seconds.
    expect(rate.next(2000 * us, 5 + 1000 * ms)).to.equal(500_000_000);
    // A second of nothing.
    expect(rate.next(3000 * us, 5 + 1000 * ms)).to.equal(0);
  });

  it('does not jump when several ask at short intervals', () => {
    const rate = new CpuRate();
    for (let at = 0; at <= 5000; at += 100) {
      // A whole CPU, but counted in ticks of 40 ms only.
      const used = Math.floor(at / 40) * 40 * ms;
      const told = rate.next(at * us, used);
      if (at >= 1000) expect(Number(told)).to.be.within(930_000_000, 1_070_000_000);
    }
  });

  it('tells the last rate again where no time has passed', () => {
    const rate = new CpuRate();
    rate.next(0, 0);
    const told = rate.next(1000 * us, 250 * ms);
    expect(rate.next(1010 * us, 260 * ms)).to.equal(Math.floor((260_000_000 * 1000) / 1010));
    expect(told).to.equal(250_000_000);
    const young = new CpuRate();
    young.next(0, 0);
    expect(young.next(20 * us, 20 * ms), 'too short to say').to.equal(undefined);
  });

  it('begins anew where less was used than before', () => {
    const rate = new CpuRate();
    rate.next(0, 100);
    expect(rate.next(2000 * us, 50)).to.equal(undefined);
    expect(rate.next(4000 * us, 50 + 20 * ms)).to.equal(10_000_000);
  });
});
