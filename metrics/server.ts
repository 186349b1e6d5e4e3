import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { letAllGo } from '../src/base/buffers.ts';
import { messageOf } from '../src/base/errors.ts';
import { listen, renewIdentity } from './listen.ts';
import type { ServerAddress, TlsIdentity } from './listen.ts';
import { scrape } from './scrape.ts';
import type { ScrapeSources } from './scrape.ts';

export interface Secrets {
  /** Undefined: plain HTTP. */
  readonly tls?: TlsIdentity | undefined;
  /** What callers must show as their bearer token, but for /healthz and /readyz. Undefined: nothing. */
  readonly token?: string | undefined;
}

export type MetricsServerOptions = ServerAddress &
  ScrapeSources &
  Secrets & {
    /** What keeps the daemon from serving, one line each; nothing: it is ready. */
    readonly problems: () => readonly string[] | Promise<readonly string[]>;
    /** What only a restart mends, one line each. Undefined: that we answer is enough. */
    readonly faults?: () => Promise<readonly string[]>;
    /** Further paths: the status page. */
    readonly pages?: ReadonlyMap<string, Page>;
  };

/** Answers GET and HEAD of one path. The signal fires when the caller went away. */
export type Page = (query: URLSearchParams, signal: AbortSignal) => Answer | Promise<Answer>;

export interface MetricsServer extends AsyncDisposable {
  /** 0 on a unix socket. */
  readonly port: number;
  /** Puts others in the place of those there were; there is TLS, and a token, where there was. Errors: of renewIdentity. */
  renew(secrets: Secrets): void;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

const plain = 'text/plain; charset=utf-8';

/**
 * Serves /metrics, /healthz (a restart would mend nothing) and /readyz (nothing keeps us from serving).
 * Errors: those of `listen`.
 */
export async function serveMetrics(options: MetricsServerOptions): Promise<MetricsServer> {
  let { token } = options;
  const server = await listen(options, options.tls, (request, response) => {
    void respond({ ...options, token }, request, response);
  });
  const bound = server.address();
  return {
    port: typeof bound === 'object' ? (bound?.port ?? 0) : 0,
    renew(secrets) {
      if (secrets.tls !== undefined) renewIdentity(server, secrets.tls);
      token = token === undefined ? undefined : (secrets.token ?? token);
    },
    async [Symbol.asyncDispose]() {
      const { promise: closed, resolve: done } = Promise.withResolvers<void>();
      server.close(() => done());
      server.closeAllConnections();
      await closed;
    },
  };
}

async function respond(
  options: MetricsServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const answer: Answer = await answerFor(options, request, gone.signal).catch((error: unknown) => ({
    status: 500,
    type: plain,
    body: `${messageOf(error)}\n`,
  }));
  const { status, type, body, headers } = answer;
  // Else they would have the collector go through the whole heap after every few scrapes.
  if (typeof body !== 'string') response.once('finish', () => letAllGo(body));
  response.writeHead(status, { ...headers, 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function answerFor(
  options: MetricsServerOptions,
  request: IncomingMessage,
  signal: AbortSignal,
): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { status: 405, type: plain, body: 'only GET and HEAD are answered\n' };
  const [path = '', query] = (request.url ?? '').split('?');
  if (path === '/healthz') return readiness((await options.faults?.()) ?? []);
  if (path === '/readyz') return readiness(await options.problems());
  if (!mayRead(options.token, request.headers.authorization)) return unauthorized;
  const page = options.pages?.get(path);
  if (page !== undefined) return page(new URLSearchParams(query), signal);
  if (path !== '/metrics') return { status: 404, type: plain, body: 'there are /metrics, /healthz and /readyz\n' };
  const { accept, 'accept-encoding': acceptEncoding } = request.headers;
  return { status: 200, ...(await scrape(options, { accept, acceptEncoding: acceptEncoding }, signal)) };
}

function readiness(problems: readonly string[]): Answer {
  return problems.length === 0
    ? { status: 200, type: plain, body: 'ok\n' }
    : { status: 503, type: plain, body: `${problems.join('\n')}\n` };
}

const unauthorized: Answer = {
  status: 401,
  type: plain,
  body: 'a bearer token is wanted\n',
  headers: { 'www-authenticate': 'Bearer' },
};

/** Compares digests: the time it takes says nothing of the token. */
function mayRead(token: string | undefined, header = ''): boolean {
  if (token === undefined) return true;
  const shown = /^bearer +(.+)$/i.exec(header)?.[1] ?? '';
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(shown), digest(token));
}
