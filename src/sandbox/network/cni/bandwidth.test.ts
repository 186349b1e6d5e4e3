import { expect } from 'chai';
import { bandwidthOf } from './bandwidth.ts';

describe('bandwidthOf', () => {
  const rate = (text: string) => bandwidthOf({ 'kubernetes.io/ingress-bandwidth': text })?.ingressRate;

  it('reads quantities as Kubernetes writes them', () => {
    const known = { '1k': 1000, '10M': 1e7, '1.5Gi': 1_610_612_736, '1e6': 1e6, '5000': 5000, '1P': 1e15 };
    for (const [text, bits] of Object.entries(known)) expect(rate(text), text).to.equal(bits);
  });

  it('refuses what is none, and what Kubernetes would', () => {
    for (const text of ['', 'fast', '-1M', '999', '2P', '1e99', '10 M', '1kk', '٣M', '0x10'])
      expect(() => rate(text), text).to.throw('kubernetes.io/ingress-bandwidth');
  });

  it('tells only the direction that is limited', () => {
    expect(bandwidthOf({})).to.equal(undefined);
    expect(bandwidthOf({ 'kubernetes.io/egress-bandwidth': '1M' })).to.have.all.keys('egressRate', 'egressBurst');
  });
});
