import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fail, messageOf } from '../src/base/errors.ts';
import type { Metrics } from './registry.ts';

export interface MetricsServerOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly metrics: Metrics;
  /** What keeps the daemon from serving, one line each; nothing: it is ready. */
  readonly problems: () => readonly string[] | Promise<readonly string[]>;
  /** Further paths: the status page. */
  readonly pages?: ReadonlyMap<string, Page>;
}

/** Answers GET and HEAD of one path. The signal fires when the caller went away. */
export type Page = (query: URLSearchParams, signal: AbortSignal) => Answer | Promise<Answer>;

export interface MetricsServer extends AsyncDisposable {
  readonly port: number;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const plain = 'text/plain; charset=utf-8';

/**
 * Serves /metrics, /healthz (the loop turns) and /readyz (nothing keeps us from serving).
 * Errors: `failed_precondition` when the address cannot be had.
 */
export async function serveMetrics(options: MetricsServerOptions): Promise<MetricsServer> {
  const server = createServer((request, response) => void respond(options, request, response));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (error) => {
    const where = `${options.host}:${options.port}`;
    reject(
      fail('failed_precondition', `metrics on ${where}: ${messageOf(error)}; choose another metrics.address`, error),
    );
  });
  server.listen(options.port, options.host, () => resolve());
  await promise;
  return {
    port: (server.address() as AddressInfo).port,
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
  response.writeHead(status, { ...headers, 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function answerFor(
  { metrics, problems, pages }: MetricsServerOptions,
  request: IncomingMessage,
  signal: AbortSignal,
): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { status: 405, type: plain, body: 'only GET and HEAD are answered\n' };
  const [path = '', query] = (request.url ?? '').split('?');
  const page = pages?.get(path);
  if (page !== undefined) return page(new URLSearchParams(query), signal);
  switch (path) {
    case '/metrics':
      return { status: 200, type: metrics.registry.contentType, body: await metrics.registry.metrics() };
    case '/healthz':
      return { status: 200, type: plain, body: 'ok\n' };
    case '/readyz': {
      const found = await problems();
      return found.length === 0
        ? { status: 200, type: plain, body: 'ok\n' }
        : { status: 503, type: plain, body: `${found.join('\n')}\n` };
    }
    default:
      return { status: 404, type: plain, body: 'there are /metrics, /healthz and /readyz\n' };
  }
}
