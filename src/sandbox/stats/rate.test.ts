import { expect } from 'chai';
import { CpuRate } from './rate.ts';

const ms = 1_000_000n;

describe('CPU use between looks', () => {
  it('is unknown at the first, then what was used since', () => {
    const rate = new CpuRate();
    expect(rate.next(0n, 5n)).to.equal(undefined);
    // Half a CPU for two seconds.
    expect(rate.next(2000n * ms, 5n + 1000n * ms)).to.equal(500_000_000n);
    // A second of nothing.
    expect(rate.next(3000n * ms, 5n + 1000n * ms)).to.equal(0n);
  });

  it('does not jump when several ask at short intervals', () => {
    const rate = new CpuRate();
    for (let at = 0n; at <= 5000n; at += 100n) {
      // A whole CPU, but counted in ticks of 40 ms only.
      const used = (at / 40n) * 40n * ms;
      const told = rate.next(at * ms, used);
      if (at >= 1000n) expect(Number(told)).to.be.within(930_000_000, 1_070_000_000);
    }
  });

  it('tells the last rate again where no time has passed', () => {
    const rate = new CpuRate();
    rate.next(0n, 0n);
    const told = rate.next(1000n * ms, 250n * ms);
    expect(rate.next(1010n * ms, 260n * ms)).to.equal((260_000_000n * 1000n) / 1010n);
    expect(told).to.equal(250_000_000n);
    const young = new CpuRate();
    young.next(0n, 0n);
    expect(young.next(20n * ms, 20n * ms), 'too short to say').to.equal(undefined);
  });

  it('begins anew where less was used than before', () => {
    const rate = new CpuRate();
    rate.next(0n, 100n);
    expect(rate.next(2000n * ms, 50n)).to.equal(undefined);
    expect(rate.next(4000n * ms, 50n + 20n * ms)).to.equal(10_000_000n);
  });
});
