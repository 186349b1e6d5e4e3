import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RuntimeServiceService } from '../../api/cri/v1/api.ts';
import type { RuntimeServiceServer, StopContainerRequest } from '../../api/cri/v1/api.ts';
import { connectCri, statusOf } from './cri-client.ts';

describe('cri-client', () => {
  let folder: string;
  let endpoint: string;
  const server = new Server();
  let cancelled = 0;
  let asked: StopContainerRequest | undefined;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cricket-cri-client-'));
    endpoint = `unix://${join(folder, 'cri.sock')}`;
    const methods: Partial<RuntimeServiceServer> = {
      version: (call, done) =>
        done(null, { version: call.request.version, runtimeName: 'x', runtimeVersion: '1', runtimeApiVersion: 'v1' }),
      stopContainer: (call, done) => {
        asked = call.request;
        done({ code: status.NOT_FOUND, details: 'no such container' });
      },
      status: (call) => void call.on('cancelled', () => (cancelled += 1)),
      streamPodSandboxes: (call) => {
        call.write({ podSandboxes: [] });
        call.write({ podSandboxes: [] });
        call.end();
      },
    };
    server.addService(RuntimeServiceService, methods as UntypedServiceImplementation);
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(endpoint, ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      );
    });
  });

  after(() => {
    server.forceShutdown();
    rmSync(folder, { recursive: true });
  });

  it('fills the fields a request leaves out', async () => {
    using cri = connectCri(endpoint);
    await cri.ready(5000);
    expect((await cri.runtime.version({ version: 'v9' })).version).to.equal('v9');
    await cri.runtime.stopContainer({ containerId: 'c' }).catch(() => undefined);
    expect(asked).to.deep.equal({ containerId: 'c', timeout: 0n });
  });

  it('rejects with the code and the text of the server', async () => {
    using cri = connectCri(endpoint);
    const thrown: unknown = await cri.runtime.stopContainer().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(statusOf(thrown)).to.deep.equal({ code: status.NOT_FOUND, message: 'no such container' });
  });

  it('cancels the call on the server when the signal fires', async () => {
    using cri = connectCri(endpoint);
    await cri.ready(5000);
    const thrown: unknown = await cri.runtime.status({}, AbortSignal.timeout(200)).catch((error: unknown) => error);
    expect(statusOf(thrown)?.code).to.equal(status.CANCELLED);
    await cri.runtime.version();
    expect(cancelled).to.equal(1);
  });

  it('iterates a stream to its end', async () => {
    using cri = connectCri(endpoint);
    let answers = 0;
    for await (const _ of cri.runtime.streamPodSandboxes()) answers += 1;
    expect(answers).to.equal(2);
  });

  it('names the endpoint where nothing answers', async () => {
    using cri = connectCri(`unix://${join(folder, 'absent.sock')}`);
    const thrown: unknown = await cri.ready(200).catch((error: unknown) => error);
    expect(String(thrown)).to.match(/nothing answers on unix:.*absent\.sock after 200 ms/);
  });
});
