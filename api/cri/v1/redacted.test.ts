import { expect } from 'chai';
import { PullImageRequest } from './api.ts';
import { redactedMark, redactedMessage, redactedRequest } from './redacted.ts';

const pullPath = '/runtime.v1.ImageService/PullImage';
const secrets = ['s3cret-password', 's3cret-auth', 's3cret-identity', 's3cret-registry'] as const;
const auth = {
  username: 'me',
  password: secrets[0],
  auth: secrets[1],
  serverAddress: 'registry.example',
  identityToken: secrets[2],
  registryToken: secrets[3],
};
const pull = { image: undefined, auth, sandboxConfig: undefined };

describe('redactedRequest', () => {
  it('hides each credential of a decoded request and keeps what is no secret', () => {
    const decoded = PullImageRequest.decode(PullImageRequest.encode(pull).finish());
    const shown = redactedRequest(pullPath, decoded);
    expect(shown).to.deep.equal({
      auth: {
        username: 'me',
        password: redactedMark,
        auth: redactedMark,
        serverAddress: 'registry.example',
        identityToken: redactedMark,
        registryToken: redactedMark,
      },
    });
    for (const secret of secrets) expect(JSON.stringify(shown)).not.to.contain(secret);
  });

  it('tells a secret that was not sent from one that was', () => {
    const shown = redactedRequest(pullPath, { ...pull, auth: { ...auth, password: '' } });
    expect(shown).to.have.nested.property('auth.password', '');
    expect(shown).to.have.nested.property('auth.auth', redactedMark);
  });

  it('shows nothing of an rpc that it does not know', () => {
    expect(redactedRequest('/runtime.v1.ImageService/PushImage', pull)).to.equal(redactedMark);
    expect(redactedRequest('toString', pull)).to.equal(redactedMark);
  });

  it('hides secrets in lists of messages too', () => {
    expect(JSON.stringify(redactedMessage('AuthConfig', [auth, auth]))).not.to.contain('s3cret');
  });

  it('renders what JSON cannot: 64-bit integers, bytes, unset messages', () => {
    const shown = redactedRequest('/runtime.v1.RuntimeService/CreateContainer', {
      podSandboxId: 'p',
      config: { envs: [{ key: 'A', value: Buffer.from('abc') }], linux: undefined, attempt: 2 ** 53 },
      extra: { big: 2n ** 63n, on: true },
    });
    expect(JSON.parse(JSON.stringify(shown))).to.deep.equal({
      podSandboxId: 'p',
      config: { envs: [{ key: 'A', value: '<3 bytes>' }], attempt: 2 ** 53 },
      extra: { big: '9223372036854775808', on: true },
    });
  });

  it('keeps hostile map keys as data', () => {
    const labels: unknown = JSON.parse('{"__proto__":"x","constructor":"y"}');
    const shown = redactedMessage('PodSandboxConfig', { labels });
    expect(JSON.stringify(shown)).to.equal('{"labels":{"__proto__":"x","constructor":"y"}}');
  });
});
