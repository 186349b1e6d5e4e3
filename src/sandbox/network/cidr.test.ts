import { expect } from 'chai';
import fc from 'fast-check';
import {
  contains,
  formatAddress,
  gatewayOf,
  lastHostOf,
  nextAddress,
  overlaps,
  parseAddress,
  parseRange,
} from './cidr.ts';

describe('IPv4 ranges', () => {
  it('are read back as written', () => {
    const range = parseRange('10.85.0.0/16', 'network.ranges');
    expect(range).to.include({ text: '10.85.0.0/16', prefix: 16 });
    expect(formatAddress(gatewayOf(range))).to.equal('10.85.0.1');
    expect(formatAddress(lastHostOf(range))).to.equal('10.85.255.254');
    expect(formatAddress(lastHostOf(parseRange('255.255.255.128/25', 'k')))).to.equal('255.255.255.254');
  });

  const bad = ['', '10.85.0.0', '10.85.0.0/', '10.85.0.0/x', '10.85.0/16', '10.85.0.256/24', '10.085.0.0/16'].concat([
    'fd00::/64',
    '10.85.0.0/7',
    '10.85.0.0/31',
    '10.85.0.0/33',
    '10.85.0.0/16/1',
    '10.85.0.0/-1',
    '10.85.0.0/+16',
  ]);
  for (const text of bad)
    it(`refuse ${JSON.stringify(text)} naming the setting and the value`, () => {
      expect(() => parseRange(text, 'network.ranges'))
        .to.throw(`network.ranges ${JSON.stringify(text)}`)
        .with.property('code', 'invalid_argument');
    });

  it('say what to write where host bits are set', () => {
    expect(() => parseRange('10.85.3.7/16', 'network.ranges')).to.throw('write 10.85.0.0/16');
  });

  it('nest or are apart', () => {
    const wide = parseRange('10.85.0.0/16', 'k');
    const inner = parseRange('10.85.255.0/24', 'k');
    expect(overlaps(wide, inner)).to.equal(true);
    expect(overlaps(inner, wide)).to.equal(true);
    expect(overlaps(wide, parseRange('10.86.0.0/16', 'k'))).to.equal(false);
    expect(contains(inner, parseAddress('10.85.254.255') ?? 0)).to.equal(false);
  });

  it('hold every address as a number and give it back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (n) => parseAddress(formatAddress(n)) === n),
      { numRuns: 300 },
    );
  });
});

describe('the next address', () => {
  const range = parseRange('10.199.0.0/29', 'k');
  const at = (host: number) => range.base + host;

  it('goes round: one just freed is used last', () => {
    const taken = new Set<number>();
    let last: number | undefined;
    const given: number[] = [];
    for (let i = 0; i < 7; i++) {
      last = nextAddress(range, (address) => taken.has(address), last);
      given.push((last ?? 0) - range.base);
    }
    expect(given).to.deep.equal([2, 3, 4, 5, 6, 2, 3]);
  });

  it('is the only free one, wherever it is, and none when all are taken', () => {
    for (let free = 2; free <= 6; free++)
      for (const last of [undefined, at(1), at(2), at(4), at(6), at(7), 0])
        expect(nextAddress(range, (address) => address !== at(free), last)).to.equal(at(free));
    expect(nextAddress(range, () => true, at(3))).to.equal(undefined);
  });
});
