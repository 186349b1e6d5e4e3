import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { expect } from 'chai';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { createMetrics } from '../../../metrics/registry.ts';
import type { Metrics } from '../../../metrics/registry.ts';
import { Container, ImageServiceService, RuntimeServiceService } from '../../../api/cri/v1/api.ts';
import type { ListContainersResponse, StreamContainersResponse, VersionResponse } from '../../../api/cri/v1/api.ts';
import { waitFor } from '../../base/abort.ts';
import { fail } from '../../base/errors.ts';
import type { ImageHandlers, RuntimeHandlers } from './handlers.ts';
import { rpcName } from './handlers.ts';
import { serveCri } from './serve.ts';
import type { CriServer } from './serve.ts';
import { unimplemented, unimplementedStream } from './unimplemented.ts';

const version: VersionResponse = {
  version: '0.1.0',
  runtimeName: 'cricket',
  runtimeVersion: '0',
  runtimeApiVersion: 'v1',
};
const bare: Container = Container.decode(new Uint8Array());
async function eventually(holds: () => boolean): Promise<void> {
  for (let round = 0; round < 400; round++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('it did not come true within 2 s');
}

const never = new AbortController().signal;

/** Every RPC refusing by name, but for those given. */
function handlers(own: Partial<RuntimeHandlers>): { runtime: RuntimeHandlers; image: ImageHandlers } {
  const refuse = (service: object) =>
    Object.fromEntries(
      Object.entries(service).map(([name, method]: [string, { path: string; responseStream: boolean }]) => [
        name,
        (method.responseStream ? unimplementedStream : unimplemented)(rpcName(method.path)),
      ]),
    );
  const runtime = { ...refuse(RuntimeServiceService), ...own } as unknown as RuntimeHandlers;
  return { runtime, image: refuse(ImageServiceService) as unknown as ImageHandlers };
}

describe('serveCri', () => {
  let directory: string;
  let socket: string;
  let lines: Record<string, unknown>[];
  let metrics: Metrics;
  let server: CriServer | undefined;
  let client: Client;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cricket-grpc-'));
    socket = join(directory, 's.sock');
    lines = [];
    metrics = createMetrics('test');
  });
  afterEach(async () => {
    client.close();
    await server?.drain(0, never);
    server = undefined;
    await rm(directory, { recursive: true });
  });

  async function serve(own: Partial<RuntimeHandlers>): Promise<void> {
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
        done();
      },
    });
    const log = pino({ level: 'debug', base: null }, sink);
    client = new Client(`unix://${socket}`, credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 });
    server = await serveCri({ socket, group: 'root', ...handlers(own) }, { log, metrics: metrics.rpc });
  }

  function call<Q, S>(
    method: { path: string; requestSerialize: (value: Q) => Buffer; responseDeserialize: (value: Buffer) => S },
    request: Q,
    options: { deadline?: number; onCall?: (cancel: () => void) => void } = {},
  ): Promise<S> {
    return new Promise((resolve, reject) => {
      const deadline = options.deadline ?? Date.now() + 10_000;
      const { path, requestSerialize, responseDeserialize } = method;
      const sent = client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        new Metadata(),
        { deadline },
        (error, response) => {
          if (error !== null) reject(error);
          else if (response !== undefined) resolve(response);
        },
      );
      options.onCall?.(() => sent.cancel());
    });
  }
  const failure = (promise: Promise<unknown>): Promise<ServiceError> =>
    promise.then(
      () => Promise.reject(new Error('the call succeeded')),
      (error: unknown) => error as ServiceError,
    );

  it('answers, and leaves one metric and one log line', async () => {
    await serve({ version: async () => version });
    expect(await call(RuntimeServiceService.version, { version: '' })).to.deep.equal(version);
    expect(await metrics.registry.metrics()).to.contain('cricket_rpc_total{method="Version",code="ok"} 1');
    expect(lines.map(({ rpc, msg, level }) => [rpc, msg, level])).to.deep.equal([['Version', 'call answered', 20]]);
    expect((await stat(socket)).mode & 0o777).to.equal(0o660);
  });

  it('keeps code and message of an error, also one no trailer could carry', async () => {
    let message = 'container "ü": no such container';
    await serve({ stopContainer: () => Promise.reject(fail('not_found', message)) });
    const stop = () => failure(call(RuntimeServiceService.stopContainer, { containerId: 'ab', timeout: 0n }));
    expect(await stop()).to.include({ code: status.NOT_FOUND, details: message });
    message = `broken \ud800 ${'ü'.repeat(100_000)}`;
    expect((await stop()).details).to.match(/^broken \ufffd ü+… \(cut\)$/);
    expect(lines[0]).to.include({ level: 40, code: 'not_found', container: 'ab', msg: 'call failed' });
  });

  it('names an RPC that is missing', async () => {
    await serve({});
    const error = await failure(call(ImageServiceService.listImages, { filter: undefined }));
    expect(error).to.include({
      code: status.UNIMPLEMENTED,
      details: 'ListImages: this version of cricket does not implement it',
    });
  });

  it('ends the handler with the deadline, and with the caller', async () => {
    const reasons: unknown[] = [];
    const handler = async (_: unknown, { signal }: { signal: AbortSignal }) => {
      await waitFor(new Promise<void>(() => undefined), signal).finally(() => reasons.push(signal.reason));
      return version;
    };
    await serve({ version: handler });
    const late = await failure(call(RuntimeServiceService.version, { version: '' }, { deadline: Date.now() + 80 }));
    expect(late.code).to.equal(status.DEADLINE_EXCEEDED);
    const onCall = (cancel: () => void) => void setTimeout(cancel, 80);
    expect((await failure(call(RuntimeServiceService.version, { version: '' }, { onCall }))).code).to.equal(
      status.CANCELLED,
    );
    await eventually(() => reasons.length === 2);
    expect(reasons.map((reason) => (reason as { code: string }).code)).to.deep.equal([
      'deadline_exceeded',
      'cancelled',
    ]);
    expect(server?.inFlight()).to.equal(0);
  });

  it('never sends more than 16 MiB in one answer, and says what to call instead', async () => {
    const labels = { big: 'x'.repeat(17 * 1024 * 1024) };
    const container: Container = { ...bare, labels };
    await serve({ listContainers: async (): Promise<ListContainersResponse> => ({ containers: [container] }) });
    const error = await failure(call(RuntimeServiceService.listContainers, { filter: undefined }));
    expect(error.code).to.equal(status.RESOURCE_EXHAUSTED);
    expect(error.details).to.match(/ListContainers: the answer has \d+ bytes.*call StreamContainers/);
  });

  it('streams with back-pressure and ends the handler when the reader leaves', async () => {
    let made = 0;
    let ended = false;
    const container: Container = { ...bare, labels: { big: 'x'.repeat(256 * 1024) } };
    await serve({
      streamContainers: async function* (): AsyncGenerator<StreamContainersResponse> {
        try {
          for (;;) {
            made++;
            yield { containers: [container] };
          }
        } finally {
          ended = true;
        }
      },
    });
    const { path, requestSerialize, responseDeserialize } = RuntimeServiceService.streamContainers;
    const stream = client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { filter: undefined },
      new Metadata(),
      {},
    );
    stream.on('error', () => undefined);
    await new Promise((resolve) => stream.once('data', resolve));
    stream.pause();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(made).to.be.lessThan(100);
    stream.cancel();
    await eventually(() => ended);
  });

  it('drains: ends streams, waits for calls, takes no more', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    await serve({
      version: async () => {
        await released;
        return version;
      },
      streamContainers: async function* (_, { signal }): AsyncGenerator<StreamContainersResponse> {
        yield { containers: [] };
        await waitFor(new Promise<void>(() => undefined), signal);
      },
    });
    const { path, requestSerialize, responseDeserialize } = RuntimeServiceService.streamContainers;
    const stream = client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { filter: undefined },
      new Metadata(),
      {},
    );
    const streamEnd = new Promise<ServiceError>((resolve) => stream.once('error', resolve));
    await new Promise((resolve) => stream.once('data', resolve));
    const answer = call(RuntimeServiceService.version, { version: '' });
    await eventually(() => server?.inFlight() === 2);
    const drained = server?.drain(5_000, never);
    expect(await streamEnd).to.include({ code: status.UNAVAILABLE });
    release();
    expect(await answer).to.deep.equal(version);
    await drained;
    expect(await stat(socket).catch((error: unknown) => (error as { code: string }).code)).to.equal('ENOENT');
  });
});
