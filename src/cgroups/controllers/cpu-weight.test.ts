import { expect } from 'chai';
import fc from 'fast-check';
import { isWeightOf, sharesToWeight, weightToShares } from './cpu-weight.ts';

describe('cgroups: cpu.shares and cpu.weight', () => {
  it('agree at the ends, at the default and at the published example', () => {
    const table: readonly (readonly [bigint, bigint])[] = [
      [0n, 1n],
      [2n, 1n],
      [1024n, 100n],
      [2000n, 170n],
      [262_144n, 10_000n],
      [300_000n, 10_000n],
    ];
    for (const [shares, weight] of table) expect(sharesToWeight(shares), `${shares} shares`).to.equal(weight);
    expect([1n, 100n, 10_000n].map(weightToShares)).to.deep.equal([2n, 1024n, 262_144n]);
  });

  it('recognise each other by either formula', () => {
    expect(
      [39n, 100n].map((weight) => isWeightOf(weight, 1024n)),
      'old and new',
    ).to.deep.equal([true, true]);
    expect(isWeightOf(40n, 1024n)).to.equal(false);
  });

  it('never turn a larger share into a smaller weight, and a weight comes back as itself', () => {
    const shares = fc.bigInt({ min: 2n, max: 262_144n });
    fc.assert(fc.property(shares, (s) => sharesToWeight(s) <= sharesToWeight(s + 1n)));
    fc.assert(fc.property(shares, (s) => sharesToWeight(weightToShares(sharesToWeight(s))) === sharesToWeight(s)));
  });
});
