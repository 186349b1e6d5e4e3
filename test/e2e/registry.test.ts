import { expect } from 'chai';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuthConfig, ImageSpec } from '../../api/cri/v1/api.ts';
import { filled } from '../../hack/lib/cri-client.ts';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { startTestRegistry, writeMirrors } from '../fixtures/images/images.ts';
import type { Registry, RegistryOptions } from '../fixtures/images/registry.ts';
import { startTokenServer } from '../fixtures/images/token-server.ts';
import type { TokenServer } from '../fixtures/images/token-server.ts';
import { crictlFor } from './crictl/crictl.ts';

const credentials = { user: 'somebody', password: 'pass:word-7f3a' };
const { user: username, password } = credentials;
const auth = Buffer.from(`${username}:${password}`).toString('base64');

/** Real registries, asked over CRI as the kubelet does: with the credentials of a pull secret, or none. */
describe('pulling from a registry', function () {
  this.timeout(60_000);
  const dir = mkdtempSync(join(tmpdir(), 'cricket-registry-'));
  const certsDir = join(dir, 'certs');
  const scope = new AsyncDisposableStack();
  let cricket: Cricket;
  let open: Registry;
  let basic: Registry;
  let token: Registry;
  let tokens: TokenServer;

  const start = async (name: string, options: Partial<RegistryOptions> = {}) => {
    const registry = await startTestRegistry({ configDir: join(dir, name), ...options });
    scope.defer(async () => registry.stop());
    return registry;
  };
  before(async function () {
    this.timeout(600_000);
    scope.defer(() => {
      rmSync(dir, { recursive: true });
    });
    open = await start('open');
    basic = await start('basic', { auth: credentials });
    tokens = await startTokenServer({ dir: join(dir, 'tokens'), credentials });
    scope.defer(async () => tokens.stop());
    token = await start('token', { token: tokens.realm });
    cricket = await startCricket({ certsDir, demo: false, config: 'log.level = "debug"' });
    scope.defer(async () => cricket.stop());
  });
  after(async () => scope.disposeAsync());

  const pull = async (image: string, given?: Partial<AuthConfig>) => {
    const { imageRef } = await cricket.client.image.pullImage({
      image: filled(ImageSpec, { image }),
      auth: given === undefined ? undefined : filled(AuthConfig, given),
    });
    return imageRef;
  };
  const codeOf = async (work: Promise<unknown>) =>
    work.then(
      () => 'OK',
      (error: unknown) => /^Error: \d+ ([A-Z_]+):/.exec(String(error))?.[1] ?? String(error),
    );
  const image = (registry: Registry) => `${registry.host}/test/busybox:1`;

  it('gives the same id from all of them', async () => {
    const ids = [
      await pull(image(open)),
      await pull(image(basic), { username, password }),
      await pull(image(token), { auth }),
    ];
    expect(new Set(ids).size).to.equal(1);
    expect(ids[0]).to.match(/^sha256:[0-9a-f]{64}$/);
    const { image: found } = await cricket.client.image.imageStatus({
      image: filled(ImageSpec, { image: ids[0] ?? '' }),
    });
    expect(found?.repoTags).to.have.members([image(open), image(basic), image(token)]);
  });

  it('asks for a token with the right scope', () => {
    expect(tokens.requests.at(-1)).to.deep.equal({ scope: 'repository:test/busybox:pull', user: username });
  });

  it('tells who is not let in', async () => {
    for (const registry of [basic, token]) {
      expect(await codeOf(pull(image(registry)))).to.equal('UNAUTHENTICATED');
      expect(await codeOf(pull(image(registry), { username, password: 'wrong' }))).to.equal('UNAUTHENTICATED');
    }
    expect(await codeOf(pull(`${open.host}/test/nosuch:1`))).to.equal('NOT_FOUND');
    expect(await codeOf(pull(`${open.host}/test/busybox:nosuch`))).to.equal('NOT_FOUND');
    // The kubelet reads what the registry's absence is called only under this code.
    expect(await codeOf(pull('127.0.0.1:1/test/busybox:1'))).to.equal('UNKNOWN');
    const away = await pull('127.0.0.1:1/test/busybox:1').catch(String);
    expect(away).to.include('RegistryUnavailable: pull 127.0.0.1:1/test/busybox:1');
    expect(await codeOf(pull('Not A Reference'))).to.equal('INVALID_ARGUMENT');
  });

  it('takes the credentials that crictl is given', async () => {
    const crictl = crictlFor(cricket);
    const where = `${basic.host}/test/busybox:docker`;
    expect(await crictl.refused('pull', where)).to.include('Unauthenticated');
    expect(await crictl.ok('pull', '--creds', `${username}:${password}`, where)).to.match(/sha256:/);
    expect(await crictl.ok('pull', '--auth', auth, where)).to.match(/sha256:/);
  });

  it('goes to the mirrors of hosts.toml, and past one that is down', async () => {
    writeMirrors(certsDir, open, ['mirrored.example']);
    mkdirSync(join(certsDir, 'half.example'), { recursive: true });
    writeFileSync(
      join(certsDir, 'half.example', 'hosts.toml'),
      `[host."http://127.0.0.1:1"]\n  capabilities = ["pull", "resolve"]\n[host."${open.url}"]\n  capabilities = ["pull", "resolve"]\n`,
    );
    for (const host of ['mirrored.example', 'half.example']) {
      const name = `${host}/test/busybox:1`;
      await pull(name);
      const { image: found } = await cricket.client.image.imageStatus({ image: filled(ImageSpec, { image: name }) });
      expect(found?.repoTags).to.include(name);
      expect(found?.repoDigests.some((digest) => digest.startsWith(`${host}/test/busybox@sha256:`))).to.equal(true);
    }
  });

  it('writes no credential into its log', () => {
    const log = cricket.log();
    for (const secret of [password, auth]) expect(log.includes(secret)).to.equal(false);
    expect(log).to.include('"rpc":"PullImage"');
  });
});
