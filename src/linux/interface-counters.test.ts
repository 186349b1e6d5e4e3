import { expect } from 'chai';
import { parseInterfaces } from './interface-counters.ts';

const heading = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
`;

describe('interface counters', () => {
  it('are those of every interface but the loopback', () => {
    const text = `${heading}    lo:     840      10    0    0    0     0          0         0      840      10    0    0    0     0       0          0
  eth0: 18446744073709551615 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0
veth:1: 1 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0
`;
    const [eth0, odd, ...others] = parseInterfaces(text);
    expect(others).to.deep.equal([]);
    expect(eth0).to.deep.equal({
      ...{ name: 'eth0', rxBytes: 2 ** 64, rxPackets: 2, rxErrors: 3, rxDropped: 4 },
      ...{ txBytes: 5, txPackets: 6, txErrors: 7, txDropped: 8 },
    });
    expect(odd?.name).to.equal('veth:1');
  });

  it('are none in a namespace with a loopback alone', () => {
    expect(parseInterfaces(`${heading}    lo: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n`)).to.deep.equal([]);
    expect(parseInterfaces('')).to.deep.equal([]);
  });
});
