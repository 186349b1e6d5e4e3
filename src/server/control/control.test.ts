import { expect } from 'chai';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { waitFor } from '../../base/abort.ts';
import { fail } from '../../base/errors.ts';
import { silentLogger } from '../../base/log.ts';
import { callControl } from './client.ts';
import { importImagePath, importImageVerb } from './import-image.ts';
import type { ImportImageDeps } from './import-image.ts';
import { serveControl } from './serve.ts';

const never = new AbortController().signal;
const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('the control socket', () => {
  let directory: string;
  let socket: string;
  let uploads: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cricket-control-'));
    socket = join(directory, 'control.sock');
    uploads = join(directory, 'uploads');
  });
  afterEach(() => rm(directory, { recursive: true }));

  const serve = (importImage: ImportImageDeps['importImage']) =>
    serveControl({ socket, verbs: [importImageVerb({ uploads, importImage })] }, silentLogger());
  const upload = (body: Readable, signal = never) =>
    callControl({ socket, method: 'POST', path: importImagePath, query: { name: 'a/b:1' }, body }, signal);

  it('streams an archive to a file, hands it over and removes it', async () => {
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    await using _server = await serve(async (file, { name }) => [name, String((await readFile(file)).length)]);
    const archive = Readable.from(Array.from({ length: 8 }, () => chunk));
    expect(await upload(archive)).to.deep.equal({ images: ['a/b:1', String(8 * chunk.length)] });
    expect(await readdir(uploads)).to.deep.equal([]);
    expect((await stat(socket)).mode & 0o777).to.equal(0o600);
  });

  it('keeps the code and message of a failure', async () => {
    await using _server = await serve(() => Promise.reject(fail('invalid_argument', 'not an archive')));
    const error = await errorOf(upload(Readable.from(['x'])));
    expect(error).to.include({ code: 'invalid_argument', message: 'import image: not an archive' });
    expect(await readdir(uploads)).to.deep.equal([]);
  });

  it('ends the verb and leaves no file when the caller goes away', async () => {
    const { promise: ended, resolve } = Promise.withResolvers<unknown>();
    await using _server = await serve(async (_file, _options, signal) => {
      await waitFor(new Promise(() => undefined), signal).catch((error: unknown) => resolve(error));
      return [];
    });
    expect(await errorOf(upload(Readable.from(['x']), AbortSignal.timeout(100)))).to.have.property(
      'code',
      'unavailable',
    );
    expect(await ended).to.have.property('code', 'cancelled');
    for (let round = 0; round < 100 && (await readdir(uploads)).length > 0; round++)
      await new Promise((done) => setTimeout(done, 5));
    expect(await readdir(uploads)).to.deep.equal([]);
  });

  it('names a verb that is not there, and a daemon that is not', async () => {
    const call = { socket, method: 'GET' as const, path: '/v1/nothing', query: {}, body: undefined };
    expect(await errorOf(callControl(call, never)))
      .to.have.property('message')
      .that.contains('no daemon answers');
    await using _server = await serve(async () => []);
    expect(await errorOf(callControl(call, never))).to.include({ code: 'unimplemented' });
  });
});
