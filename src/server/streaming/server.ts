import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server as TlsServer } from 'node:https';
import { Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { StreamingSeries } from '../../../metrics/streaming.ts';
import { fail, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { traced } from '../../base/trace.ts';
import { CertificateReload, fingerprint, readCertificate } from './certificate.ts';
import type { CertificateFiles } from './certificate.ts';
import { agree } from './protocols.ts';
import { refuse } from './refuse.ts';
import type { StreamRequest } from './request.ts';
import { serveSession } from './serve-session.ts';
import type { StreamTargets } from './serve-session.ts';
import { Sessions } from './sessions.ts';
import { tokenPattern, Tokens } from './tokens.ts';
import { socketWire } from './wire.ts';

export interface StreamingOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** Undefined: plain HTTP. */
  readonly certificate: CertificateFiles | undefined;
  /** Open at once; as many URLs may wait for their clients. */
  readonly maxSessions: number;
  /** Milliseconds without a byte in either direction that end a session. */
  readonly idleMs: number;
  readonly targets: StreamTargets;
  readonly series: StreamingSeries;
  readonly log: Logger;
}

export interface Streaming extends AsyncDisposable {
  /**
   * A URL that is good once, for a minute. It is a secret: whoever has it has what was asked for.
   * Errors: `resource_exhausted` when too many sessions are open or waited for.
   */
  issue(request: StreamRequest): Promise<string>;
}

/** Milliseconds for a handshake, TLS included. */
const handshakeMs = 10_000;
const maxHeaderBytes = 16 * 1024;
/** Connections beside the open sessions: handshakes under way, refusals on their way out. */
const spareConnections = 256;
const path = new RegExp(`^/(exec|attach|portforward)/(${tokenPattern})(?:\\?|$)`);

/** Serves streams. Errors: `failed_precondition` when the address cannot be had or the certificate not be used. */
export async function openStreaming(options: StreamingOptions): Promise<Streaming> {
  const { certificate, maxSessions, series, log } = options;
  const tokens = new Tokens({ limit: maxSessions, waiting: series.waiting });
  const sessions = new Sessions(series);
  const { server, refresh } = await createHttpServer(certificate, log);
  server.maxConnections = maxSessions + spareConnections;
  server.on('upgrade', (request, socket, head) => {
    if (socket instanceof Socket) upgrade({ options, tokens, sessions }, request, socket, head);
    else socket.destroy();
  });
  server.on('request', (_, response) => {
    series.refused.inc({ cause: 'protocol' });
    response.writeHead(426, { connection: 'close', upgrade: 'SPDY/3.1, websocket' });
    response.end('upgrade to SPDY/3.1 or websocket\n');
  });
  server.on('clientError', (_, socket) => {
    // Once a connection: what else comes on it is no request either.
    if (!socket.writable) return;
    series.refused.inc({ cause: 'handshake' });
    refuse(socket, { status: 400, text: 'this is no request' });
  });
  server.on('tlsClientError', () => series.refused.inc({ cause: 'handshake' }));
  const connections = connectionsOf(server);
  const base = await listen(server, options);
  return {
    async issue(request) {
      if (sessions.size >= maxSessions) throw tooMany(maxSessions);
      await refresh();
      return `${base}/${request.kind}/${tokens.issue(request)}`;
    },
    async [Symbol.asyncDispose]() {
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      tokens[Symbol.dispose]();
      await sessions.endAll();
      // Those too that never came to a request, or to TLS.
      for (const socket of connections) socket.destroy();
      await closed;
    },
  };
}

async function createHttpServer(
  files: CertificateFiles | undefined,
  log: Logger,
): Promise<{ readonly server: Server | TlsServer; readonly refresh: () => Promise<void> }> {
  const limits = {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: handshakeMs,
    requestTimeout: handshakeMs,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: 1,
  };
  if (files === undefined) return { server: createServer(limits), refresh: async () => undefined };
  const seen = await fingerprint(files);
  const certificate = await readCertificate(files);
  const server = createTlsServer({ ...limits, ...certificate, handshakeTimeout: handshakeMs });
  const reload = new CertificateReload(files, seen, (fresh) => server.setSecureContext({ ...fresh }), log);
  return { server, refresh: async () => reload.check() };
}

function connectionsOf(server: Server | TlsServer): ReadonlySet<Socket> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return open;
}

/** Answers the beginning of every URL. */
async function listen(server: Server | TlsServer, options: StreamingOptions): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const refused = (error: Error) => {
    const where = `streaming on ${options.host}:${options.port}`;
    reject(fail('failed_precondition', `${where}: ${messageOf(error)}; choose another streaming.address`, error));
  };
  server.once('error', refused);
  server.listen(options.port, options.host, () => resolve());
  await promise;
  server.removeListener('error', refused);
  server.on('error', (error) => options.log.warn({ error: messageOf(error) }, 'streaming: a connection was not taken'));
  const { port, family } = server.address() as AddressInfo;
  const everywhere = options.host === '0.0.0.0' ? '127.0.0.1' : options.host === '::' ? '::1' : options.host;
  const host = family === 'IPv6' ? `[${everywhere}]` : everywhere;
  return `${options.certificate === undefined ? 'http' : 'https'}://${host}:${port}`;
}

interface Serving {
  readonly options: StreamingOptions;
  readonly tokens: Tokens;
  readonly sessions: Sessions;
}

/** From the request of a client to its session. A token is spent by whoever shows it, whatever comes of it. */
function upgrade({ options, tokens, sessions }: Serving, request: IncomingMessage, socket: Socket, head: Buffer): void {
  const { series, maxSessions, idleMs, targets, log } = options;
  const turnAway = (cause: string, status: number, text: string, headers: readonly string[] = []) => {
    series.refused.inc({ cause });
    refuse(socket, { status, text, headers });
  };
  const [, kind, token = ''] = path.exec(request.url ?? '') ?? [];
  const issued = tokens.take(token);
  if (issued === undefined || issued.request.kind !== kind) {
    turnAway('token', 404, 'no such stream: a URL is good once, for a minute');
    return;
  }
  const { request: asked, resume } = issued;
  if (sessions.size >= maxSessions) {
    turnAway('limit', 503, tooMany(maxSessions).message);
    return;
  }
  const agreement = agree(asked.kind, request);
  if ('status' in agreement) {
    turnAway('protocol', agreement.status, agreement.text, agreement.headers);
    return;
  }
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${agreement.headers.join('\r\n')}\r\n\r\n`);
  const signal = sessions.begin(asked.kind, agreement.transport, socket);
  const wire = socketWire(socket, head, idleMs);
  const session = { request: asked, agreement, wire, signal };
  void resume(() => traced(`stream.${asked.kind}`, () => serveSession(session, targets, log)));
}

const tooMany = (limit: number) =>
  fail(
    'resource_exhausted',
    `${limit} streaming sessions are open, which is the limit; end some, or raise streaming.max_sessions`,
  );
