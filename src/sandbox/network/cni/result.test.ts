import { expect } from 'chai';
import { addressesIn } from './result.ts';

describe('addressesIn', () => {
  const ips = (raw: unknown) => addressesIn(raw, 'eth0').map(({ ip, prefix }) => `${ip}/${prefix}`);

  it('puts the main interface first, and leaves out those of the host', () => {
    const interfaces = [{ name: 'veth1' }, { name: 'net1', sandbox: '/n' }, { name: 'eth0', sandbox: '/n' }];
    const given = ['10.0.0.1/8', '10.1.0.1/16', '10.2.0.1/24', 'fd00::1/64'];
    const raw = { interfaces, ips: given.map((address, i) => ({ address, interface: Math.min(i, 2) })) };
    expect(ips(raw)).to.deep.equal(['10.2.0.1/24', 'fd00::1/64', '10.1.0.1/16']);
  });

  it('takes addresses without an interface, without a prefix, and of the oldest versions', () => {
    expect(ips({ ips: [{ address: '10.0.0.1' }, { address: 'fd00::1' }] })).to.deep.equal([
      '10.0.0.1/32',
      'fd00::1/128',
    ]);
    expect(ips({ ip4: { ip: '10.0.0.1/8' }, ip6: { ip: 'fd00::1/64' } })).to.deep.equal(['10.0.0.1/8', 'fd00::1/64']);
    expect(ips({ interfaces: null, ips: [{ address: '10.0.0.1/8', interface: null }] })).to.deep.equal(['10.0.0.1/8']);
  });

  it('refuses what is no result, and one without an address for the pod', () => {
    for (const raw of [null, [], 'x', { ips: 'x' }, { ips: [{ interface: 0 }] }, { interfaces: [{}] }])
      expect(() => ips(raw), JSON.stringify(raw)).to.throw('its result is none');
    for (const raw of [
      {},
      { ips: [] },
      { ips: [{ address: 'here' }] },
      { ips: [{ address: '10.0.0.1/8', interface: 5 }] },
    ])
      expect(() => ips(raw), JSON.stringify(raw)).to.throw('no address');
  });
});
