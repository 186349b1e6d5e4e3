import { expect } from 'chai';
import { parseInstanceId } from '../../base/ids.ts';
import { parseRange } from './cidr.ts';
import { gateway6Of, ownRange6, parseRange6, twinOf } from './cidr6.ts';
import { Pools } from './pools.ts';
import type { Reachable } from './pools.ts';
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
    const texts = (cidr: string) => orderedRanges(parsePodCidr(cidr).ipv4, configured).map((range) => range.text);
    expect(texts('')).to.deep.equal(['10.85.0.0/16', '10.86.0.0/16']);
    expect(texts('10.244.1.0/24')).to.deep.equal(['10.244.1.0/24', '10.85.0.0/16', '10.86.0.0/16']);
    expect(texts('10.86.0.0/16')).to.deep.equal(['10.86.0.0/16', '10.85.0.0/16']);
  });
});

describe('the pod CIDR', () => {
  it('may name both families, the primary one first', () => {
    for (const [text, ipv6First] of [
      ['fd00:1::/64,10.244.1.0/24', true],
      ['10.244.1.0/24, fd00:1::/64', false],
    ] as const) {
      const { ipv4, ipv6, ...rest } = parsePodCidr(text);
      expect([ipv4?.text, ipv6?.text, rest]).to.deep.equal(['10.244.1.0/24', 'fd00:1::/64', { ipv6First }]);
    }
    expect(parsePodCidr('fd00:1::/64').ipv4).to.equal(undefined);
    expect(parsePodCidr('')).to.deep.equal({ ipv4: undefined, ipv6: undefined, ipv6First: false });
  });

  it('is refused by name where it is none', () => {
    for (const text of ['banana', 'fd00::1/64', 'fd00::/129', '10.0.0.0/24,10.1.0.0/24', 'fd00::%eth0/64'])
      expect(() => parsePodCidr(text))
        .to.throw(/pod CIDR "(banana|fd00|10)/)
        .with.property('code', 'invalid_argument');
  });
});

describe('IPv6 networks of pods', () => {
  const range = parseRange('10.85.0.0/16', 'r');
  const address = 10 * 2 ** 24 + 85 * 2 ** 16 + 258;

  it('give each IPv4 address one of their own', () => {
    expect(twinOf(parseRange6('fd00:1::/64', 'r'), range, address)).to.equal('fd00:1::a55:102');
    expect(twinOf(parseRange6('fd00:1::/112', 'r'), range, address)).to.equal('fd00:1::102');
    expect(twinOf(parseRange6('fd00:1::/120', 'r'), range, address)).to.equal(undefined);
    expect(gateway6Of(parseRange6('fd00:1::/64', 'r'))).to.equal('fd00:1::1');
  });

  it('are the same each time for a node and an instance, and others for another', () => {
    const [a, b] = [parseInstanceId('ab12'), parseInstanceId('ab13')];
    expect(ownRange6('m', a)).to.deep.equal(ownRange6('m\n', a));
    expect(ownRange6('m', a).text).to.match(/^fd[0-9a-f:]+::\/64$/);
    expect(parseRange6(ownRange6('m', a).text, 'r')).to.deep.equal(ownRange6('m', a));
    expect(new Set([ownRange6('m', a), ownRange6('n', a), ownRange6('m', b)].map(({ text }) => text)).size).to.equal(3);
  });
});

describe('the networks of pods', () => {
  const configured = { ranges: parseRanges(['10.85.0.0/16']), range6: parseRange6('fd00:85::/64', 'r') };
  const shown = (reachable: Reachable, cidr: string) =>
    new Pools({ ...configured, reachable }, cidr)
      .served([])
      .map(({ text, closed }) => `${text}${closed ? ' closed' : ''}`);

  it('are closed to the outside but for those of the kubelet', () => {
    expect(shown('auto', '10.244.1.0/24,fd00:1::/64')).to.deep.equal([
      ...['10.244.1.0/24', '10.85.0.0/16 closed', 'fd00:1::/64'],
    ]);
    expect(shown('yes', '')).to.deep.equal(['10.85.0.0/16', 'fd00:85::/64']);
    expect(shown('no', '10.85.0.0/16')).to.deep.equal(['10.85.0.0/16 closed', 'fd00:85::/64 closed']);
  });

  it('have no IPv6 where it is off, whatever the kubelet says', () => {
    const pools = new Pools({ ...configured, range6: undefined, reachable: 'auto' }, 'fd00:1::/64');
    expect(pools.served([]).map(({ text }) => text)).to.deep.equal(['10.85.0.0/16']);
  });
});
