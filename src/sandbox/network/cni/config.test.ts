import { expect } from 'chai';
import { parseNetwork, parsePlugin } from './config.ts';
import { chooseVersion, hasCheck, hasStatusAndGc } from './versions.ts';

describe('parseNetwork', () => {
  const list = (more: object) =>
    parseNetwork(JSON.stringify({ cniVersion: '1.0.0', name: 'pods', plugins: [{ type: 'bridge' }], ...more }), 'list');

  it('reads a list, and keeps what is the plugins own', () => {
    const plugin = { type: 'bridge', mtu: 1400, ipam: { type: 'x' }, capabilities: { ips: true, mac: false } };
    expect(list({ plugins: [plugin], disableCheck: 'True', disableGC: true })).to.deep.equal({
      ...{ name: 'pods', version: '1.0.0', disableCheck: true, disableGc: true, onlyInlined: false },
      plugins: [{ type: 'bridge', capabilities: ['ips'], raw: { type: 'bridge', mtu: 1400, ipam: { type: 'x' } } }],
    });
  });

  it('reads a single plugin as a list of one', () => {
    const network = parseNetwork('\uFEFF{"name": "one", "type": "ptp"}', 'single');
    expect(network).to.include({ name: 'one', version: '0.1.0', onlyInlined: true });
    expect(network.plugins.map(({ type }) => type)).to.deep.equal(['ptp']);
  });

  it('says what is wrong', () => {
    const wrong: readonly (readonly [object, string])[] = [
      [{ name: '../x' }, 'name: must be'],
      [{ name: undefined }, 'name: '],
      [{ plugins: [{ type: '../../bin/sh' }] }, 'plugins.0.type: must be the name of a plugin'],
      [{ plugins: [{ type: '..' }] }, 'plugins.0.type'],
      [{ plugins: [{}] }, 'plugins.0.type'],
      [{ plugins: 'bridge' }, 'plugins: '],
      [{ disableCheck: 'perhaps' }, 'disableCheck'],
      [{ cniVersion: '3.0.0' }, 'version 3.0.0 is not among'],
    ];
    for (const [more, message] of wrong) expect(() => list(more), JSON.stringify(more)).to.throw(message);
    expect(() => parseNetwork('{', 'list')).to.throw('it is not JSON');
    expect(() => parseNetwork('[]', 'list')).to.throw('it: ');
    expect(() => parseNetwork('{"name":"x","plugins":[]}', 'single')).to.throw('type: ');
    expect(() => parsePlugin('{"type":"a/b"}')).to.throw('type: ');
  });
});

describe('CNI versions', () => {
  it('are the highest that both speak', () => {
    expect(chooseVersion([''])).to.equal('0.1.0');
    expect(chooseVersion(['0.4.0', '1.0.0', '1.1.0', '2.0.0'])).to.equal('1.1.0');
    expect(chooseVersion(['1.1.0', '0.3.1'])).to.equal('1.1.0');
    expect(chooseVersion(['2.0.0'])).to.equal(undefined);
    expect([hasCheck('0.3.1'), hasCheck('0.4.0'), hasStatusAndGc('1.0.0'), hasStatusAndGc('1.1.0')]).to.deep.equal([
      ...[false, true, false, true],
    ]);
  });
});
