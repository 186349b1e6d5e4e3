import { expect } from 'chai';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { ociArchive } from '../../hack/lib/oci/archive.ts';
import { buildImage, packLayer } from '../../hack/lib/oci/image.ts';
import { busyboxRootfs } from '../fixtures/images/rootfs.ts';
import { imageInputs } from '../fixtures/images/inputs.ts';
import { startRegistry } from '../fixtures/images/registry.ts';
import { startTokenServer } from '../fixtures/images/token-server.ts';
import { demoReference, startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { runContainer, runPod } from '../fixtures/pods.ts';
import { sh } from '../integration/sandbox/lab.ts';
import { repository } from './commands.ts';

const base = packLayer(busyboxRootfs(imageInputs()));
const layerOf = (name: string, size: number) =>
  packLayer([{ kind: 'file', path: name, data: Buffer.alloc(size, name) }]);
const credentials = { user: 'someone', password: 'se:crét' };

describe('cricket images', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  let dir: string;
  const authFile = () => join(dir, 'auth.json');
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'cricket-image-commands-'));
    cricket = await startCricket({
      config: `images.auth_file = "${authFile()}"\nimages.pinned = ["docker.io/test/pinned:1"]`,
    });
  });
  after(async () => {
    await cricket.stop();
    rmSync(dir, { recursive: true });
  });

  async function cli(args: readonly string[], input = ''): Promise<{ code: number | null; out: string; err: string }> {
    const all = ['src/server/main.ts', 'images', ...args, '--config', cricket.config];
    const child = spawn('hack/node', all, { cwd: repository });
    child.stdin.end(input);
    const [out, err] = [text(child.stdout), text(child.stderr)];
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, out: await out, err: await err };
  }
  const asJson = async (...args: string[]): Promise<unknown> =>
    JSON.parse((await cli([...args, '--format', 'json'])).out);
  async function add(name: string, ...layers: ReturnType<typeof packLayer>[]): Promise<void> {
    await cricket.importImage(ociArchive(buildImage({ layers: [base, ...layers] }), `docker.io/test/${name}:1`));
  }

  it('tag: gives a name, moves one, and refuses what no tag is', async () => {
    await add('one', layerOf('one', 1));
    await add('two', layerOf('two', 2));
    expect((await cli(['tag', 'docker.io/test/one:1', 'mine:ü'])).err).to.match(/its tag is malformed/);
    expect((await cli(['tag', 'docker.io/test/none:1', 'mine:1'])).err).to.match(/not here; pull it first/);
    expect((await cli(['tag', 'docker.io/test/one:1', `mine@sha256:${'0'.repeat(64)}`])).err).to.match(
      /a digest cannot be given/,
    );
    expect((await cli(['tag', 'test/one:1', 'mine:1'])).out).to.match(/^tagged sha256:\w+ as mine:1\n$/);
    expect((await cli(['tag', 'test/two:1', 'mine:1'])).code).to.equal(0);
    const listed = (await asJson('ls')) as { tags: string[] }[];
    expect(listed.map(({ tags }) => tags)).to.deep.include.members([
      ['docker.io/test/one:1'],
      ['docker.io/test/two:1', 'docker.io/library/mine:1'],
    ]);
  });

  it('history: tells each layer with its size, newest first, and layers that no step tells of', async () => {
    await add('one', layerOf('one', 100_000));
    const steps = (await asJson('history', 'test/one:1')) as { bytes: number; diffId: string }[];
    expect(steps.map(({ diffId }) => diffId)).to.deep.equal([layerOf('one', 100_000).diffId, base.diffId]);
    expect(steps[0]?.bytes).to.be.within(100_000, 110_000);
    expect((await cli(['history', 'test/one:1'])).out).to.match(/^CREATED +SIZE +CREATED BY +COMMENT\n/);
    expect((await cli(['history', 'absent'])).err).to.match(/image absent: not here/);
  });

  it('df: parts what is shared from what is not, and weighs what containers wrote', async () => {
    await add('one', layerOf('one', 1_000_000));
    const pod = await runPod(cricket, { name: 'writer' });
    const container = await runContainer(cricket, pod, { name: 'c', image: 'docker.io/test/one:1' });
    await sh(cricket, container, 'dd if=/dev/zero of=/written bs=1M count=3 2>/dev/null');
    const usage = (await asJson('df')) as {
      layerBytes: number;
      reclaimableBytes: number;
      images: { tags: string[]; sharedBytes: number; uniqueBytes: number; containers: number }[];
      containers: { name: string; pod: string; bytes: number }[];
    };
    const one = usage.images.find(({ tags }) => tags.includes('docker.io/test/one:1'));
    expect(one?.containers).to.equal(1);
    expect(one?.uniqueBytes).to.be.within(1_000_000, 1_050_000);
    expect(one?.sharedBytes).to.be.greaterThan(500_000);
    const [of, ...others] = new Set(usage.images.map(({ sharedBytes }) => sharedBytes).filter((bytes) => bytes > 0));
    expect(others, 'all that share have one layer in common').to.deep.equal([]);
    const unique = (some: typeof usage.images) => some.reduce((sum, { uniqueBytes }) => sum + uniqueBytes, 0);
    expect(unique(usage.images) + (of ?? 0)).to.equal(usage.layerBytes);
    const { imageFilesystems } = await cricket.client.image.imageFsInfo({});
    expect(Number(imageFilesystems[0]?.usedBytes?.value)).to.equal(usage.layerBytes);
    expect(usage.reclaimableBytes).to.equal(unique(usage.images.filter(({ containers }) => containers === 0)));
    const [weighed] = usage.containers;
    expect(weighed).to.include({ name: 'c', pod: 'writer' });
    expect(weighed?.bytes).to.be.within(3 << 20, (3 << 20) + 100_000);
    expect((await cli(['df'])).out).to.match(/^Images: \d+, .* on disk; .*\n.*\n(.|\n)*Containers: 1, .* written\n/);
    await cricket.client.runtime.stopPodSandbox({ podSandboxId: pod.id });
    await cricket.client.runtime.removePodSandbox({ podSandboxId: pod.id });
  });

  it('prune: takes what nobody uses or pinned; by age; and only tells with --dry-run', async () => {
    await add('pinned', layerOf('pinned', 1000));
    await add('used', layerOf('used', 1000));
    const pod = await runPod(cricket, { name: 'user' });
    await runContainer(cricket, pod, { name: 'c', image: 'docker.io/test/used:1' });
    const list = async () => (await asJson('ls')) as { id: string; tags: string[] }[];
    const prune = async (...flags: string[]) =>
      (await asJson('prune', ...flags)) as { images: { id: string; tags: string[] }[]; bytes: number };
    const before = await list();
    await add('moved', layerOf('before', 10));
    await add('moved', layerOf('after', 10));
    const nameless = (await list()).filter(({ tags }) => tags.length === 0).map(({ id }) => id);
    expect(nameless).to.not.deep.equal(before.filter(({ tags }) => tags.length === 0).map(({ id }) => id));
    expect((await prune()).images.map(({ id }) => id)).to.have.members(nameless);

    const all = await list();
    expect((await prune('--all', '--older-than', '1h')).images).to.deep.equal([]);
    const dry = await prune('--all', '--dry-run');
    expect(await list()).to.deep.equal(all);
    expect(await prune('--all')).to.deep.equal(dry);
    expect(dry.bytes).to.be.greaterThan(0);
    const left = (await list()).flatMap(({ tags }) => tags);
    expect(left).to.have.members(['docker.io/test/pinned:1', 'docker.io/test/used:1']);
    expect((await cli(['prune', '--older-than', 'soon'])).code).to.equal(2);
    await cricket.client.runtime.removePodSandbox({ podSandboxId: pod.id });
  });

  it('login: keeps only what the registry takes, in a file for root alone; logout forgets it', async () => {
    const tokens = await startTokenServer({ dir: join(dir, 'tokens'), credentials });
    const basic = await startRegistry({ dir: join(dir, 'basic'), auth: credentials });
    const bearer = await startRegistry({ dir: join(dir, 'bearer'), token: tokens.realm });
    try {
      writeFileSync(authFile(), JSON.stringify({ credHelpers: { a: 'b' }, auths: { other: { auth: 'eDp5' } } }));
      const attempt = async (host: string, password: string) =>
        cli(['login', host, '--username', credentials.user, '--password-stdin'], `${password}\n`);
      for (const { host } of [basic, bearer]) {
        expect(await attempt(host, 'wrong')).to.include({ code: 1, out: '' });
        expect((await attempt(host, credentials.password)).out).to.contain(`logged in to ${host}`);
      }
      expect(statSync(authFile()).mode & 0o777).to.equal(0o600);
      const kept = JSON.parse(readFileSync(authFile(), 'utf8')) as {
        credHelpers: unknown;
        auths: Record<string, unknown>;
      };
      expect(kept.credHelpers).to.deep.equal({ a: 'b' });
      expect(Object.keys(kept.auths)).to.have.members(['other', basic.host, bearer.host]);
      // The daemon uses them with its next pull.
      await promisify(execFile)('skopeo', [
        'copy',
        '-q',
        '--dest-tls-verify=false',
        '--dest-creds',
        `${credentials.user}:${credentials.password}`,
        `oci-archive:${archive()}`,
        `docker://${basic.host}/test/private:1`,
      ]);
      expect((await cli(['pull', `${basic.host}/test/private:1`])).code).to.equal(0);
      expect((await cli(['logout', basic.host])).code).to.equal(0);
      expect((await cli(['logout', basic.host])).err).to.contain('has no credentials for it');
      expect(Object.keys((JSON.parse(readFileSync(authFile(), 'utf8')) as typeof kept).auths)).to.have.members([
        'other',
        bearer.host,
      ]);
      expect((await cli(['login', 'word', '-u', 'a', '--password-stdin'], 'x')).err).to.contain('name a host');
      expect((await cli(['login', '127.0.0.1:1', '-u', 'a', '--password-stdin'], 'x')).code).to.equal(1);
    } finally {
      await Promise.all([basic.stop(), bearer.stop(), tokens.stop()]);
    }
  });

  function archive(): string {
    const file = join(dir, 'private.tar');
    writeFileSync(file, ociArchive(buildImage({ layers: [base] }), demoReference));
    return file;
  }
});
