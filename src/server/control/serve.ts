import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { throwIfAborted } from '../../base/abort.ts';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errorFrom, fail, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { freeSocketPath } from '../grpc/socket.ts';
import { httpStatusOf } from './verb.ts';
import type { ControlFailure, StreamFailure, Verb } from './verb.ts';

export interface ControlOptions {
  readonly socket: string;
  readonly verbs: readonly Verb[];
}

/**
 * Serves the control socket, mode 0600: only root. Disposing ends what is under way.
 * Errors: those of `freeSocketPath`, `failed_precondition` when it cannot be bound.
 */
export async function serveControl(options: ControlOptions, log: Logger): Promise<AsyncDisposable> {
  await freeSocketPath(options.socket);
  const server = createServer((request, response) => void answer(options.verbs, log, request, response));
  // An upload takes as long as its disk and its sender do; Node would cut it after five minutes.
  server.requestTimeout = 0;
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (error) => {
    reject(fail('failed_precondition', `control socket ${options.socket}: ${messageOf(error)}`, error));
  });
  server.listen(options.socket, () => resolve());
  await listening;
  await chmod(options.socket, 0o600);
  return { [Symbol.asyncDispose]: () => close(server) };
}

async function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  await promise;
}

async function answer(
  verbs: readonly Verb[],
  log: Logger,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://control');
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(fail('cancelled', 'the caller of the control socket went away'));
  });
  const fields = { method: request.method, path: pathname };
  try {
    const verb = verbs.find(({ method, path }) => method === request.method && path === pathname);
    if (verb === undefined)
      throw fail('unimplemented', `control ${request.method ?? ''} ${pathname}: there is no such verb in this version`);
    const result = verb.run({ query: searchParams, body: request }, gone.signal);
    if (Symbol.asyncIterator in result) await stream(response, result, gone.signal);
    else await reply(response, await result);
    log[verb.method === 'GET' ? 'debug' : 'info'](fields, 'control call answered');
  } catch (thrown) {
    const { code, message } = errorFrom(thrown);
    if (gone.signal.aborted) log.info({ ...fields, error: message }, 'the caller of the control socket went away');
    else log.warn({ ...fields, code, error: message }, 'control call failed');
    if (response.headersSent) response.end(line({ failed: { code, message } } satisfies StreamFailure));
    else send(response, httpStatusOf[code], { code, message } satisfies ControlFailure);
  } finally {
    // What is left of an upload that was refused would otherwise keep the connection.
    request.resume();
  }
}

async function reply(response: ServerResponse, answer: unknown): Promise<void> {
  if (!(answer instanceof Readable)) {
    send(response, 200, answer);
    return;
  }
  response.writeHead(200, { 'content-type': 'application/octet-stream' });
  // After an error it tears the connection off: the caller sees that it has not all of it.
  await pipeline(answer, response);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json' }).end(line(body));
}

/** The head goes out before the first line: the caller then knows that it is heard. */
async function stream(response: ServerResponse, lines: AsyncIterable<unknown>, signal: AbortSignal): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' }).flushHeaders();
  for await (const one of lines) {
    throwIfAborted(signal);
    if (!response.write(line(one))) await once(response, 'drain', { signal });
  }
  response.end();
}

const line = (value: unknown) => `${JSON.stringify(value ?? null)}\n`;
