import { expect } from 'chai';
import { meantFor, parseChallenge, settleCredentials } from './auth.ts';
import type { Endpoint } from './hosts.ts';
import { plainTrust } from './http.ts';

const endpoint = (url: string, upstream: boolean): Endpoint => ({
  base: new URL(url),
  capabilities: new Set(['pull']),
  tls: plainTrust,
  headers: {},
  connectMs: undefined,
  upstream,
});

describe('parseChallenge', () => {
  it('reads the parameters of a bearer challenge, commas and escapes in quotes included', () => {
    const header = 'Bearer realm="https://a.b/token",service="reg \\"x\\"",scope="repository:a/b:pull,push"';
    const challenge = parseChallenge(header);
    expect(challenge?.scheme).to.equal('bearer');
    expect(Object.fromEntries(challenge?.parameters ?? [])).to.deep.equal({
      realm: 'https://a.b/token',
      service: 'reg "x"',
      scope: 'repository:a/b:pull,push',
    });
  });
  it('prefers bearer where both are offered', () => {
    expect(parseChallenge('Basic realm="x", Bearer realm="https://y"')?.scheme).to.equal('bearer');
    expect(parseChallenge('basic realm=x')?.scheme).to.equal('basic');
  });
  it('answers nothing for schemes it does not know, and in no time for hostile headers', () => {
    expect(parseChallenge('Negotiate abc')).to.equal(undefined);
    expect(parseChallenge(undefined)).to.equal(undefined);
    const started = performance.now();
    parseChallenge(`Bearer ${'a="'.repeat(20_000)}`);
    parseChallenge(`Bearer ${'a=b,'.repeat(20_000)}`);
    expect(performance.now() - started).to.be.lessThan(500);
  });
});

describe('credentials', () => {
  it('come from a name and a password, or from base64 of both', () => {
    const wanted = { username: 'u', password: 'p:w', identityToken: '', registryToken: '' };
    expect(settleCredentials({ username: 'u', password: 'p:w' })).to.deep.equal(wanted);
    expect(settleCredentials({ auth: Buffer.from('u:p:w').toString('base64') })).to.deep.equal(wanted);
  });
  it('are none when every field is empty', () => {
    expect(settleCredentials({ username: '', password: '', auth: '' })).to.equal(undefined);
    expect(settleCredentials(undefined)).to.equal(undefined);
  });
  it('are refused when their base64 holds no password', () => {
    expect(() => settleCredentials({ auth: 'AAAA' })).to.throw('base64 of username:password');
  });
  it('go to the registry and never to a mirror that they do not name', () => {
    const [mirror, registry] = [endpoint('https://mirror/v2', false), endpoint('https://reg:5000/v2', true)];
    expect(meantFor({ username: 'u' }, registry)).to.equal(true);
    expect(meantFor({ username: 'u' }, mirror)).to.equal(false);
    expect(meantFor({ username: 'u', serverAddress: 'https://mirror/v2/' }, mirror)).to.equal(true);
    expect(meantFor({ username: 'u', serverAddress: 'other' }, registry)).to.equal(false);
    expect(meantFor({ username: 'u', serverAddress: 'reg:5000' }, registry)).to.equal(true);
  });
  it("know Docker Hub's many addresses", () => {
    const hub = endpoint('https://registry-1.docker.io/v2', true);
    expect(meantFor({ serverAddress: 'https://index.docker.io/v1/' }, hub)).to.equal(true);
    expect(meantFor({ serverAddress: 'https://evildocker.io' }, hub)).to.equal(false);
  });
});
