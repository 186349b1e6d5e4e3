import { expect } from 'chai';
import { proxiesOf } from './proxies.ts';

describe('proxiesOf', () => {
  const isDirect = (noProxy: string, address: string) => proxiesOf({ NO_PROXY: noProxy }).isDirect(new URL(address));

  it('goes by names, all below them, addresses, networks and ports', () => {
    const list = 'Corp.example, .below.example,*.star.example:8443 ,10.0.0.0/8,fd00::/8,192.0.2.7,[2001:db8::1]:5000';
    const direct = [
      'https://corp.example',
      'https://a.b.corp.example:5000',
      'https://a.below.example',
      'https://a.star.example:8443',
      'http://10.200.3.4:5000',
      'https://[fd12::1]',
      'http://192.0.2.7',
      'https://[2001:db8::1]:5000',
      'http://127.0.0.1:5000',
      'http://localhost',
    ];
    const proxied = [
      'https://evilcorp.example',
      'https://below.example',
      'https://a.star.example',
      'http://11.0.0.1',
      'https://[fe00::1]',
      'http://192.0.2.70',
      'https://[2001:db8::1]',
      'https://10.example',
    ];
    for (const address of direct) expect(isDirect(list, address), address).to.equal(true);
    for (const address of proxied) expect(isDirect(list, address), address).to.equal(false);
    expect(isDirect('*', 'https://quay.io')).to.equal(true);
    expect(isDirect(' ,, ', 'https://quay.io')).to.equal(false);
    expect(isDirect('quay.io:443', 'https://quay.io')).to.equal(true);
    expect(isDirect('10.0.0.0/99,/8,:80', 'http://10.0.0.1')).to.equal(false);
  });

  it('takes an address without a scheme, either case, the lower one first', () => {
    expect(proxiesOf({ HTTP_PROXY: 'a:3128', https_proxy: 'http://u:p@b', HTTPS_PROXY: 'http://c' }).env).to.deep.equal(
      {
        HTTP_PROXY: 'http://a:3128',
        HTTPS_PROXY: 'http://u:p@b',
      },
    );
    expect(proxiesOf({ no_proxy: 'a', NO_PROXY: '*' }).isDirect(new URL('http://b'))).to.equal(false);
  });

  it('refuses a proxy that it cannot speak with, and does not quote it', () => {
    expect(() => proxiesOf({ HTTPS_PROXY: 'socks5://user:hush@proxy' }))
      .to.throw('HTTPS_PROXY is no address')
      .with.property('message')
      .that.does.not.contain('hush');
  });
});
