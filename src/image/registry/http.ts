import { request as httpRequest, Agent as HttpAgent } from 'node:http';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request as httpsRequest, Agent as HttpsAgent } from 'node:https';
import { TLSSocket } from 'node:tls';
import { abortError } from '../../base/abort.ts';
import { errnoOf, errorFrom, fail, messageOf } from '../../base/errors.ts';
import { proxiesOf } from './proxies.ts';
import type { Proxies } from './proxies.ts';

/** How to trust and be trusted by a host. PEM texts. */
export interface TlsSettings {
  readonly ca: readonly string[];
  readonly clients: readonly { readonly cert: string; readonly key: string }[];
  readonly skipVerify: boolean;
}

export const plainTrust: TlsSettings = { ca: [], clients: [], skipVerify: false };

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly tls: TlsSettings;
  /** Milliseconds for the connection alone, where less than for the whole answer. */
  readonly connectMs?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage;
}

/** Times in milliseconds: `answer` covers connecting, sending and the headers; in each `silence` a body must bring some KiB. */
export interface HttpOptions {
  readonly answer: number;
  readonly silence: number;
  /** HTTP_PROXY, HTTPS_PROXY, NO_PROXY in either case, as the daemon was given them. */
  readonly proxy: NodeJS.ProcessEnv;
}

/** Bytes that a body must bring in each window. */
const leastProgress = 4096;

/**
 * HTTP/1.1 over connections that are kept for one pull. It follows no redirect and adds no header: both are
 * decisions about credentials and belong to the caller.
 */
export class HttpConnections implements Disposable {
  readonly #options: HttpOptions;
  readonly #proxies: Proxies;
  readonly #proxied: HttpAgent;
  readonly #direct = new HttpAgent({ keepAlive: true });
  readonly #proxiedSecure = new Map<TlsSettings, HttpsAgent>();
  readonly #directSecure = new Map<TlsSettings, HttpsAgent>();

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#proxies = proxiesOf(options.proxy);
    this.#proxied = new HttpAgent({ keepAlive: true, proxyEnv: this.#proxies.env });
  }

  [Symbol.dispose](): void {
    this.#proxied.destroy();
    this.#direct.destroy();
    for (const agent of [...this.#proxiedSecure.values(), ...this.#directSecure.values()]) agent.destroy();
  }

  /** Errors: `unavailable` naming the host and what went wrong; the signal's. */
  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
    const about = `${request.method} ${request.url.origin}${request.url.pathname}`;
    const call = this.#call(request, signal);
    const late = (what: string, ms: number) =>
      call.destroy(fail('unavailable', `${about}: no ${what} within ${ms} ms`));
    let stage = 'connection';
    const timer = setTimeout(() => late(stage, this.#options.answer), this.#options.answer);
    const { connectMs = this.#options.answer } = request;
    const connecting = setTimeout(() => late('connection', connectMs), connectMs);
    whenConnected(call, () => {
      stage = 'answer';
      clearTimeout(connecting);
    });
    call.once('response', (body) => {
      this.#watch(body, about);
      resolve({ status: body.statusCode ?? 0, headers: body.headers, body });
    });
    call.on('error', (error) => reject(unavailable(about, error, signal)));
    call.end(request.body);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      clearTimeout(connecting);
    }
  }

  /** A body that trickles holds a place among the downloads: what brings next to nothing is as good as dead. */
  #watch(body: IncomingMessage, about: string): void {
    let before = body.socket.bytesRead;
    const timer = setInterval(() => {
      const came = body.socket.bytesRead - before;
      before += came;
      // What waits to be read is ours to take.
      if (came >= leastProgress || body.readableLength > 0) return;
      body.destroy(fail('unavailable', `${about}: only ${came} bytes came in ${this.#options.silence} ms`));
    }, this.#options.silence);
    timer.unref();
    body.once('close', () => clearInterval(timer));
  }

  #call(request: HttpRequest, signal: AbortSignal): ClientRequest {
    const { method, url } = request;
    const headers = { 'user-agent': 'cricket', 'accept-encoding': 'identity', ...request.headers };
    const isDirect = this.#proxies.isDirect(url);
    if (url.protocol === 'http:')
      return httpRequest(url, { method, headers, signal, agent: isDirect ? this.#direct : this.#proxied });
    return httpsRequest(url, { method, headers, signal, agent: this.#agentFor(request.tls, isDirect) });
  }

  #agentFor(tls: TlsSettings, isDirect: boolean): HttpsAgent {
    const agents = isDirect ? this.#directSecure : this.#proxiedSecure;
    const known = agents.get(tls);
    if (known !== undefined) return known;
    const agent = new HttpsAgent({
      keepAlive: true,
      ...(!isDirect && { proxyEnv: this.#proxies.env }),
      rejectUnauthorized: !tls.skipVerify,
      ...(tls.ca.length > 0 && { ca: [...tls.ca] }),
      ...(tls.clients.length > 0 && {
        cert: tls.clients.map(({ cert }) => cert),
        key: tls.clients.map(({ key }) => key),
      }),
    });
    agents.set(tls, agent);
    return agent;
  }
}

/** TLS included; a connection that was kept from an earlier request is there at once. */
function whenConnected(call: ClientRequest, then: () => void): void {
  call.once('socket', (socket) => {
    if (socket.connecting) socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', then);
    else then();
  });
}

/** A network error as ours: the signal's own when it ended the request, else `unavailable`; a full disk is no such. */
export function unavailable(about: string, error: unknown, signal: AbortSignal): Error {
  if (signal.aborted) return abortError(signal);
  if (error instanceof Error && (error.name === 'CricketError' || errnoOf(error) === 'ENOSPC'))
    return errorFrom(error, about);
  const [inner] = error instanceof AggregateError ? (error.errors as unknown[]) : [error];
  const mend = networkMends[errnoOf(inner) ?? ''];
  return fail('unavailable', `${about}: ${messageOf(inner)}${mend === undefined ? '' : `; ${mend}`}`, error);
}

/** What a person who reads such an error can do. */
const networkMends: Readonly<Record<string, string>> = {
  ENOTFOUND: 'look at the spelling of the host, or name a mirror in certs.d',
  EAI_AGAIN: "look at this node's name servers, or name a mirror in certs.d",
  ECONNREFUSED: 'see that the registry runs and the port is right, or name a mirror in certs.d',
};

/** Reads a body to its end. Errors: `resource_exhausted` beyond `limit` bytes, `unavailable` when it breaks off. */
export async function readBody(answer: HttpAnswer, limit: number, about: string, signal: AbortSignal): Promise<Buffer> {
  const tooLong = () => fail('resource_exhausted', `${about}: the registry's answer is longer than ${limit} bytes`);
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of answer.body) {
      pieces.push(piece as Buffer);
      length += (piece as Buffer).length;
      if (length > limit) throw tooLong();
    }
  } catch (error) {
    throw unavailable(about, error, signal);
  }
  return Buffer.concat(pieces, length);
}

/** Lets go of a body that nobody reads; a short one leaves the connection fit for use. */
export function discard(answer: HttpAnswer): void {
  const length = Number(answer.headers['content-length'] ?? Number.NaN);
  if (length <= 65_536) answer.body.resume();
  else answer.body.destroy();
  answer.body.on('error', () => undefined);
}
