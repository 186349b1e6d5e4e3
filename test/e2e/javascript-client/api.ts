import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Cricket } from '../../fixtures/daemon.ts';

/** The little of an API server and a kubelet that stands between a client and a container runtime. */
export interface Api {
  readonly url: string;
  close(): Promise<void>;
}

interface Objects {
  readonly pod: string;
  readonly container: string;
}

/** Asks the runtime for a stream, as a kubelet does, and passes the upgrade on to it. */
export async function serveApi(cricket: Cricket, objects: Objects): Promise<Api> {
  const sockets = new Set<Socket>();
  const server = createServer((_, response) => response.writeHead(404).end());
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    streamUrl(cricket, objects, request.url ?? '').then(
      (url) => passOn(request, socket, head, new URL(url), sockets),
      (error: unknown) => socket.end(`HTTP/1.1 500 ${String(error)}\r\n\r\n`),
    );
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', () => resolve());
  await promise;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const { promise: closed, resolve: done } = Promise.withResolvers<void>();
      server.close(() => done());
      sockets.forEach((socket) => socket.destroy());
      await closed;
    },
  };
}

async function streamUrl({ client }: Cricket, { pod, container }: Objects, path: string): Promise<string> {
  const { pathname, searchParams: query } = new URL(path, 'http://api');
  const flag = (name: string) => query.get(name) === 'true';
  const streams = { tty: flag('tty'), stdin: flag('stdin'), stdout: flag('stdout'), stderr: flag('stderr') };
  const { runtime } = client;
  switch (pathname.split('/').at(-1)) {
    case 'exec':
      return (await runtime.exec({ containerId: container, cmd: query.getAll('command'), ...streams })).url;
    case 'attach':
      return (await runtime.attach({ containerId: container, ...streams })).url;
    default:
      return (await runtime.portForward({ podSandboxId: pod, port: query.getAll('ports').map(Number) })).url;
  }
}

function passOn(request: IncomingMessage, client: Socket, head: Buffer, url: URL, sockets: Set<Socket>): void {
  const at = { host: url.hostname, port: Number(url.port) };
  const runtime = url.protocol === 'https:' ? connectTls({ ...at, rejectUnauthorized: false }) : connect(at);
  sockets.add(runtime);
  runtime.on('error', () => client.destroy());
  client.on('close', () => runtime.destroy());
  const headers = request.rawHeaders.flatMap((name, i, all) => (i % 2 === 0 ? [`${name}: ${all[i + 1] ?? ''}`] : []));
  runtime.write(`${request.method ?? ''} ${url.pathname} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
  runtime.write(head);
  client.pipe(runtime).pipe(client);
}
