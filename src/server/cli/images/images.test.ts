import { expect } from 'chai';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Image, ImageServiceService, RuntimeServiceService } from '../../../../api/cri/v1/api.ts';
import { createMetrics } from '../../../../metrics/registry.ts';
import { fail } from '../../../base/errors.ts';
import { silentLogger } from '../../../base/log.ts';
import { importImageVerb } from '../../control/import-image.ts';
import { serveControl } from '../../control/serve.ts';
import type { ImageHandlers, RuntimeHandlers } from '../../grpc/handlers.ts';
import { serveCri } from '../../grpc/serve.ts';
import type { CriServer } from '../../grpc/serve.ts';
import { unimplemented, unimplementedStream } from '../../grpc/unimplemented.ts';
import { runCli } from '../run.ts';

const id = `sha256:${'ab'.repeat(32)}`;
const busybox: Image = {
  ...Image.decode(new Uint8Array()),
  id,
  repoTags: ['localhost:5000/busybox:1', 'docker.io/library/busybox:latest'],
  repoDigests: [`localhost:5000/busybox@${id}`],
  size: 4_261_550n,
};
const never = new AbortController().signal;

/** A daemon with one image, behind its two real sockets. */
async function startDaemon(state: string): Promise<{ server: CriServer; control: AsyncDisposable; removed: string[] }> {
  const removed: string[] = [];
  const found = (name: string) => (name === 'gone' ? undefined : busybox);
  const refuse = (service: object) =>
    Object.fromEntries(
      Object.entries(service).map(([name, method]: [string, { responseStream: boolean }]) => [
        name,
        (method.responseStream ? unimplementedStream : unimplemented)(name),
      ]),
    );
  const image = {
    ...(refuse(ImageServiceService) as unknown as ImageHandlers),
    listImages: async () => ({ images: [busybox] }),
    pullImage: async () =>
      Promise.reject(fail('unauthenticated', 'pull a/b: credentials refused; add them to auth.json')),
    imageStatus: async ({ image: spec, verbose }) => ({
      image: found(spec?.image ?? ''),
      info: verbose ? { info: '{"layers": 1}' } : {},
    }),
    removeImage: async ({ image: spec }) => {
      removed.push(spec?.image ?? '');
      return {};
    },
  } satisfies ImageHandlers;
  const deps = { log: silentLogger(), metrics: createMetrics('t').rpc };
  const runtime = refuse(RuntimeServiceService) as unknown as RuntimeHandlers;
  const server = await serveCri({ socket: join(state, 'cricket.sock'), group: 'root', runtime, image }, deps);
  const verb = importImageVerb({
    uploads: join(state, 'uploads'),
    importImage: async (file, { name }) => [`${name === '' ? 'unnamed' : name} ${await readFile(file, 'utf8')}`],
  });
  const control = await serveControl({ socket: join(state, 'control.sock'), verbs: [verb] }, silentLogger());
  return { server, control, removed };
}

describe('cricket images', () => {
  let state: string;
  let daemon: Awaited<ReturnType<typeof startDaemon>>;
  before(async () => {
    state = await mkdtemp(join(tmpdir(), 'cricket-images-'));
    daemon = await startDaemon(state);
  });
  after(async () => {
    await daemon.server.drain(0, never);
    await daemon.control[Symbol.asyncDispose]();
    await rm(state, { recursive: true });
  });

  async function run(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    let out = '';
    let err = '';
    const terminal = { colour: false, environment: {}, signal: never };
    const write = { out: (text: string) => (out += text), err: (text: string) => (err += text) };
    const code = await runCli(['images', ...args, '--state', state], { ...terminal, ...write });
    return { code, out, err };
  }

  it('lists a row for each tag, or facts for scripts', async () => {
    expect((await run('ls')).out).to.equal(
      'IMAGE                      TAG     IMAGE ID      SIZE\n' +
        'localhost:5000/busybox     1       abababababab  4.26 MB\n' +
        'docker.io/library/busybox  latest  abababababab  4.26 MB\n',
    );
    const [fact] = JSON.parse((await run('ls', '--format', 'json')).out) as unknown[];
    expect(fact).to.deep.equal({
      id,
      tags: busybox.repoTags,
      digests: busybox.repoDigests,
      size: 4261550,
      pinned: false,
    });
  });

  it('gives on what the daemon says of a failed pull', async () => {
    const { code, err } = await run('pull', 'a/b');
    expect([code, err]).to.deep.equal([1, 'cricket: pull a/b: credentials refused; add them to auth.json\n']);
  });

  it('inspects with the JSON inside of verbose answers', async () => {
    const told = JSON.parse((await run('inspect', 'busybox')).out) as { status: { id: string }; info: unknown };
    expect([told.status.id, told.info]).to.deep.equal([id, { info: { layers: 1 } }]);
  });

  it('removes one by one, and tells the one that is absent', async () => {
    const { code, out, err } = await run('rm', 'busybox', 'gone');
    expect([code, out, daemon.removed]).to.deep.equal([1, 'removed busybox\n', ['busybox']]);
    expect(err).to.equal('cricket: image gone: not here; cricket images ls tells which are\n');
  });

  it('imports an archive over the control socket', async () => {
    const archive = join(state, 'a.tar');
    await writeFile(archive, 'bytes');
    expect(await run('import', archive, '--name', 'a/b:1')).to.deep.equal({
      code: 0,
      out: 'imported a/b:1 bytes\n',
      err: '',
    });
    expect(JSON.parse((await run('import', archive, '--format', 'json')).out)).to.deep.equal({
      images: ['unnamed bytes'],
    });
    expect((await run('import', '/nonexistent')).err).to.match(/^cricket: archive \/nonexistent: .*ENOENT/);
    expect((await run('import', state)).err).to.contain('not a file; name a .tar');
  });
});
