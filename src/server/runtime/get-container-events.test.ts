import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { expect } from 'chai';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RuntimeServiceService } from '../../../api/cri/v1/api.ts';
import { createMetrics } from '../../../metrics/registry.ts';
import { newInstanceId } from '../../base/ids.ts';
import { silentLogger } from '../../base/log.ts';
import { Feed } from '../../sandbox/events/feed.ts';
import type { LifeEvent } from '../../sandbox/events/life.ts';
import { createPaths } from '../../sandbox/store/paths.ts';
import { createStore } from '../../sandbox/store/store.ts';
import type { ImageHandlers, RuntimeHandlers } from '../grpc/handlers.ts';
import { serveCri } from '../grpc/serve.ts';
import { getContainerEvents } from './get-container-events.ts';

const event: LifeEvent = { kind: 'created', container: undefined, at: 1n, pod: undefined, containers: [] };

describe('GetContainerEvents of a client that does not read', () => {
  it('ends with an error that says what to do', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'cricket-slow-'));
    const socket = join(directory, 'cri.sock');
    const log = silentLogger();
    const feed = new Feed<LifeEvent>('container events');
    const store = await createStore(createPaths(directory, directory, newInstanceId()), log);
    const unused = { version: () => Promise.reject(new Error('not called')) };
    const runtime = Object.fromEntries(Object.keys(RuntimeServiceService).map((name) => [name, unused.version]));
    const handlers = { ...runtime, getContainerEvents: getContainerEvents(feed, store) } as unknown as RuntimeHandlers;
    const deps = { log, metrics: createMetrics('t').rpc };
    const server = await serveCri({ socket, group: 'root', runtime: handlers, image: {} as ImageHandlers }, deps);
    const client = new Client(`unix://${socket}`, credentials.createInsecure());
    try {
      const { path, requestSerialize, responseDeserialize } = RuntimeServiceService.getContainerEvents;
      const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {}, new Metadata());
      const ended = new Promise<ServiceError>((resolve) => call.once('error', resolve));
      call.pause();
      while (feed.size === 0) await delay(2);
      // Until the wire is full, and what may wait is too.
      for (let rounds = 0; rounds < 2000 && feed.size > 0; rounds++) {
        for (let i = 0; i < 100; i++) feed.publish(event);
        await delay(0);
      }
      expect(feed.size, 'cut off').to.equal(0);
      call.resume();
      const error = await ended;
      expect(error.code).to.equal(status.RESOURCE_EXHAUSTED);
      expect(error.details).to.contain('more than 4096 events waited for this client; read faster');
    } finally {
      client.close();
      await server.drain(100, AbortSignal.timeout(1000));
      await rm(directory, { recursive: true });
    }
  });
});
