import { expect } from 'chai';
import { obstacles } from './look.ts';
import { acceptsLink, chainsIn, jumpsTo, refusalOf, rulesIn } from './rules.ts';
import type { Chain } from './rules.ts';

const base: Chain = {
  family: 'ip',
  table: 'filter',
  name: 'FORWARD',
  type: 'filter',
  hook: 'forward',
  policy: 'accept',
};
const rules = (...all: readonly (readonly object[])[]) =>
  rulesIn(
    JSON.stringify({
      nftables: [
        { metainfo: { version: '1.0.6' } },
        ...all.map((expr, handle) => ({ rule: { family: 'ip', table: 'filter', chain: 'FORWARD', handle, expr } })),
      ],
    }),
  );
const counter = { counter: { packets: 1, bytes: 2 } };
const link = (key: string, op = '==') => ({ match: { op, left: { meta: { key } }, right: 'crkab12' } });

describe('rules of other firewalls', () => {
  it('refuse by policy, or by a last rule that asks nothing', () => {
    expect(refusalOf({ ...base, policy: 'drop' }, [])).to.equal('its policy is drop');
    expect(refusalOf(base, rules([counter, { drop: null }]))).to.equal('its last rule is drop');
    expect(refusalOf(base, rules([{ reject: { type: 'icmpx' } }]))).to.equal('its last rule is reject');
    expect(refusalOf(base, rules([{ drop: null }], [{ accept: null }]))).to.equal(undefined);
    expect(refusalOf(base, rules([link('iifname'), { drop: null }]))).to.equal(undefined);
    expect(refusalOf(base, [])).to.equal(undefined);
  });

  it('accept a link where both of its directions are accepted without another question', () => {
    const accept = { accept: null };
    const both = rules([link('iifname'), counter, accept], [link('oifname'), accept]);
    expect(acceptsLink(both, 'crkab12')).to.equal(true);
    expect(acceptsLink(both, 'crkab13')).to.equal(false);
    expect(acceptsLink(both.slice(1), 'crkab12')).to.equal(false);
    expect(acceptsLink(rules([link('iifname', '!='), accept], [link('oifname'), accept]), 'crkab12')).to.equal(false);
    expect(acceptsLink(rules([link('iifname'), link('oifname'), accept]), 'crkab12')).to.equal(false);
  });

  it('hand packets on where nothing is asked before', () => {
    const docker = { jump: { target: 'DOCKER-USER' } };
    expect(jumpsTo(rules([counter, docker]), 'DOCKER-USER')).to.equal(true);
    expect(jumpsTo(rules([link('iifname'), docker]), 'DOCKER-USER')).to.equal(false);
    expect(jumpsTo(rules([docker]), 'DOCKER')).to.equal(false);
  });

  it('are told by chain, nothing where all is well', () => {
    const chain = { ...base, policy: 'drop' };
    const found = { chains: [{ chain, rules: [], forOthers: undefined }], legacy: [] };
    expect(obstacles(found, 'crkab12')).to.deep.equal([
      'chain FORWARD of nftables table ip filter: its policy is drop',
    ]);
    expect(obstacles({ chains: [], legacy: [] }, 'crkab12')).to.deep.equal([]);
  });

  it('may be unlike anything known', () => {
    expect(chainsIn('{"nftables": [{"table": {}}, {"flowtable": {"x": 1}}]}')).to.deep.equal([]);
    expect(() => chainsIn('{')).to.throw();
  });
});
