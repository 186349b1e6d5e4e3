import { isIPv6 } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import { canonicalIp, inNetwork, ipBytes, ipText } from './ip.ts';

describe('ip addresses', () => {
  it('are the same after they were written and read', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const written = ipText(ipBytes(text));
        expect(isIPv6(written)).to.equal(true);
        expect(ipBytes(written)).to.deep.equal(ipBytes(text));
      }),
    );
    fc.assert(fc.property(fc.ipV4(), (text) => ipText(ipBytes(text)) === text));
  });

  it('are written as RFC 5952 says', () => {
    for (const [given, written] of [
      ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
      ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
      ['0:0:1:0:0:0:0:0', '0:0:1::'],
      ['::ffff:10.1.2.3', '::ffff:a01:203'],
      ['::', '::'],
      ['fd00::', 'fd00::'],
    ] as const)
      expect(canonicalIp(given)).to.equal(written);
  });

  it('lie in a network by their leading bits', () => {
    const lies = (address: string, base: string, prefix: number) => inNetwork(ipBytes(address), ipBytes(base), prefix);
    expect(lies('10.1.2.3', '10.1.2.0', 25)).to.equal(true);
    expect(lies('10.1.2.128', '10.1.2.0', 25)).to.equal(false);
    expect(lies('fd00::1:2', 'fd00::', 64)).to.equal(true);
    expect(lies('fd01::', 'fd00::', 15)).to.equal(true);
    expect(lies('fd01::', 'fd00::', 16)).to.equal(false);
    expect(lies('10.1.2.3', '0.0.0.0', 0)).to.equal(true);
    expect(lies('10.1.2.3', '::', 0)).to.equal(false);
  });

  it('are refused where they are none', () => {
    for (const text of ['', '10.1', 'fe80::1%eth0', '::1::', 'localhost'])
      expect(() => ipBytes(text)).to.throw('is no IP address');
  });
});
