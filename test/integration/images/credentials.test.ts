import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Images } from '../../../src/image/service.ts';
import { startTestRegistry, writeMirrors } from '../../fixtures/images/images.ts';
import { startRegistry } from '../../fixtures/images/registry.ts';
import type { Registry } from '../../fixtures/images/registry.ts';
import { startTokenServer } from '../../fixtures/images/token-server.ts';
import { errorOf, openStore, soon, workDirectory } from './lab.ts';

const credentials = { user: 'someone', password: 'se:cret' };
const auth = { username: credentials.user, password: credentials.password };

describe('a registry that wants to know who asks', function () {
  this.timeout(120_000);
  let work = '';
  let registry: Registry;
  let images: Images;
  before(async () => {
    work = workDirectory();
    const where = { configDir: join(work, 'conf'), writableDir: join(work, 'registry') };
    registry = await startTestRegistry({ ...where, sets: ['own'] });
  });
  after(async () => {
    await registry.stop();
    rmSync(work, { recursive: true });
  });
  const root = () => join(work, 'store');
  beforeEach(async () => {
    images = await openStore(root());
  });
  const certsDir = () => join(root(), 'certs.d');
  let guarded: Registry | undefined;
  let tokens: { stop(): Promise<void> } | undefined;
  afterEach(async () => {
    await guarded?.stop();
    await tokens?.stop();
    [guarded, tokens] = [undefined, undefined];
    await images.close();
    rmSync(root(), { recursive: true });
  });
  const attempt = (options: object) => images.pull(`${guarded?.host ?? ''}/test/busybox:1`, options, soon());

  it('gives a name and a password', async () => {
    guarded = await startRegistry({ dir: join(work, 'registry'), configDir: join(work, 'basic'), auth: credentials });
    expect(await errorOf(attempt({}))).to.include({ code: 'unauthenticated' });
    expect(await errorOf(attempt({ auth: { ...auth, password: 'no' } }))).to.include({ code: 'unauthenticated' });
    expect(await errorOf(attempt({ auth: { ...auth, serverAddress: 'elsewhere' } }))).to.include({
      code: 'unauthenticated',
    });
    await attempt({ auth });
    await attempt({ auth: { auth: Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64') } });
  });

  for (const field of ['token', 'access_token'] as const)
    it(`fetches a ${field}`, async () => {
      const server = await startTokenServer({ dir: join(work, `token-${field}`), credentials, field });
      tokens = server;
      guarded = await startRegistry({
        dir: join(work, 'registry'),
        configDir: join(work, `t-${field}`),
        token: server.realm,
      });
      expect(await errorOf(attempt({}))).to.include({ code: 'unauthenticated' });
      await attempt({ auth });
      expect(server.requests.at(-1)).to.deep.equal({ scope: 'repository:test/busybox:pull', user: credentials.user });
    });

  it('trusts a certificate that hosts.toml names, and no other', async () => {
    guarded = await startRegistry({ dir: join(work, 'registry'), configDir: join(work, 'tls'), tls: true });
    const name = guarded.host.replace('127.0.0.1', 'localhost');
    const attemptTls = () => images.pull(`${name}/test/busybox:1`, {}, soon());
    const write = (text: string) => {
      mkdirSync(join(certsDir(), name), { recursive: true });
      writeFileSync(join(certsDir(), name, 'hosts.toml'), `server = "https://${name}"\n${text}`);
    };
    write('');
    expect(await errorOf(attemptTls())).to.include({ code: 'unavailable' });
    write(`ca = ${JSON.stringify(guarded.caFile)}`);
    await attemptTls();
    await images.remove(`${name}/test/busybox:1`, soon());
    write('skip_verify = true');
    await attemptTls();
  });

  it('asks the mirror of a host that does not exist', async () => {
    writeMirrors(certsDir(), registry, ['registry.invalid']);
    const image = await images.pull('registry.invalid/test/busybox:1', {}, soon());
    expect(image.repoTags).to.deep.equal(['registry.invalid/test/busybox:1']);
  });

  it('goes to the registry when a mirror fails or has it not', async () => {
    mkdirSync(join(certsDir(), registry.host), { recursive: true });
    const empty = await startRegistry({ dir: join(work, 'empty') });
    guarded = empty;
    const text = `[host."http://127.0.0.1:1"]\n[host."${empty.url}"]\n`;
    writeFileSync(join(certsDir(), registry.host, 'hosts.toml'), text);
    expect((await images.pull(`${registry.host}/test/busybox:1`, {}, soon())).repoTags).to.have.length(1);
  });
});
