import { expect } from 'chai';
import { orderedRanges, parsePodCidr, parseRanges } from './ranges.ts';

describe('network.ranges', () => {
  it('are refused where empty or overlapping, by the name of the setting', () => {
    for (const ranges of [[], ['10.85.0.0/16', '10.85.3.0/24']])
      expect(() => parseRanges(ranges))
        .to.throw('network.ranges')
        .with.property('code', 'invalid_argument');
  });

  it('come after the pod CIDR, and once', () => {
    const configured = parseRanges(['10.85.0.0/16', '10.86.0.0/16']);
    const texts = (cidr: string) => orderedRanges(parsePodCidr(cidr), configured).map((range) => range.text);
    expect(texts('')).to.deep.equal(['10.85.0.0/16', '10.86.0.0/16']);
    expect(texts('10.244.1.0/24')).to.deep.equal(['10.244.1.0/24', '10.85.0.0/16', '10.86.0.0/16']);
    expect(texts('10.86.0.0/16')).to.deep.equal(['10.86.0.0/16', '10.85.0.0/16']);
  });
});

describe('the pod CIDR', () => {
  it('may name both families', () => {
    expect(parsePodCidr('fd00:1::/64,10.244.1.0/24')?.text).to.equal('10.244.1.0/24');
    expect(parsePodCidr('10.244.1.0/24, fd00:1::/64')?.text).to.equal('10.244.1.0/24');
  });

  it('is refused by name where it is none', () => {
    expect(() => parsePodCidr('fd00:1::/64'))
      .to.throw('fd00:1::/64')
      .with.property('code', 'unimplemented');
    expect(() => parsePodCidr('banana'))
      .to.throw('pod CIDR "banana"')
      .with.property('code', 'invalid_argument');
  });
});
