import { sleep } from '../../base/abort.ts';
import { errorFrom, fail } from '../../base/errors.ts';
import type { ImageReference } from '../reference/parse.ts';
import { basicHeader, fetchToken, meantFor, parseChallenge, settleCredentials } from './auth.ts';
import type { RegistryAuth } from './auth.ts';
import { isLoopback } from './loopback.ts';
import type { Capability, Endpoint } from './hosts.ts';
import { discard, HttpConnections, plainTrust } from './http.ts';
import type { HttpAnswer, HttpRequest } from './http.ts';

const answerMs = 30_000;
const attempts = 4;
const firstPauseMs = 250;
const longestPauseMs = 20_000;
const maxRedirects = 5;

/** What to ask for: a path below `/v2/NAME/`. */
export interface RegistryQuery {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly capability: Capability;
}

export interface SessionSetup {
  readonly endpoints: readonly Endpoint[];
  readonly auth: RegistryAuth | undefined;
  /** Milliseconds without a byte after which a transfer is taken for dead. */
  readonly silenceMs: number;
  readonly proxy: NodeJS.ProcessEnv;
}

/**
 * One pull's talk with the hosts of one repository: which of them, with which credentials, how often.
 * Credentials and tokens belong to the endpoint that asked for them and are never sent to another origin.
 */
export class RegistrySession implements Disposable {
  readonly reference: ImageReference;
  readonly #endpoints: readonly Endpoint[];
  readonly #auth: RegistryAuth | undefined;
  readonly #connections: HttpConnections;
  readonly #authorizations = new Map<Endpoint, string>();

  constructor(reference: ImageReference, setup: SessionSetup) {
    this.reference = reference;
    this.#endpoints = setup.endpoints;
    this.#auth = setup.auth;
    this.#connections = new HttpConnections({
      answer: Math.min(answerMs, setup.silenceMs),
      silence: setup.silenceMs,
      proxy: setup.proxy,
    });
  }

  [Symbol.dispose](): void {
    this.#connections[Symbol.dispose]();
  }

  /**
   * Runs `use` on the answer of the first host that gives a good one; what `use` throws sends it to the next.
   * Errors: the last host's, as the registry itself stands last.
   */
  async ask<T>(query: RegistryQuery, use: (answer: HttpAnswer) => Promise<T>, signal: AbortSignal): Promise<T> {
    let last: Error = fail(
      'failed_precondition',
      `no host of ${this.reference.registry} may be asked to ${query.capability}`,
    );
    for (const endpoint of this.#endpoints) {
      if (!endpoint.capabilities.has(query.capability)) continue;
      try {
        return await use(await this.#persist(endpoint, query, signal));
      } catch (error) {
        if (signal.aborted) throw error;
        last = errorFrom(error);
      }
    }
    throw last;
  }

  /** Retries what may pass: no connection, 429, 5xx; with pauses that grow, or as Retry-After says. */
  async #persist(endpoint: Endpoint, query: RegistryQuery, signal: AbortSignal): Promise<HttpAnswer> {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#authorized(endpoint, query, signal).catch((error: unknown) => errorFrom(error));
      const worthIt = outcome instanceof Error ? outcome.code === 'unavailable' : isTransient(outcome.status);
      if (!worthIt || attempt === attempts || signal.aborted) {
        if (outcome instanceof Error) throw outcome;
        return this.#judge(outcome, endpoint, query);
      }
      const pause = outcome instanceof Error ? undefined : retryAfterMs(outcome);
      if (!(outcome instanceof Error)) discard(outcome);
      const jitter = firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random());
      await sleep(Math.min(pause ?? jitter, longestPauseMs), signal);
    }
  }

  async #authorized(endpoint: Endpoint, query: RegistryQuery, signal: AbortSignal): Promise<HttpAnswer> {
    const answer = await this.#follow(endpoint, query, signal);
    if (answer.status !== 401) return answer;
    const challenge = parseChallenge(answer.headers['www-authenticate']);
    const credentials = meantFor(this.#auth, endpoint) ? settleCredentials(this.#auth) : undefined;
    if (challenge === undefined) return answer;
    discard(answer);
    this.#authorizations.delete(endpoint);
    if (credentials !== undefined && credentials.registryToken !== '')
      this.#authorizations.set(endpoint, `Bearer ${credentials.registryToken}`);
    else if (challenge.scheme === 'bearer') {
      const scope = challenge.parameters.get('scope') ?? `repository:${this.reference.repository}:pull`;
      const token = await fetchToken({ challenge, scope, credentials, endpoint }, this.#connections, signal);
      this.#authorizations.set(endpoint, `Bearer ${token}`);
    } else if (credentials === undefined || credentials.username === '')
      throw fail('unauthenticated', `registry ${endpoint.base.host} wants a user name and a password; none were given`);
    else this.#authorizations.set(endpoint, basicHeader(credentials));
    return this.#follow(endpoint, query, signal);
  }

  async #follow(endpoint: Endpoint, query: RegistryQuery, signal: AbortSignal): Promise<HttpAnswer> {
    let request = this.#first(endpoint, query);
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.#connections.send(request, signal);
      const location = answer.headers.location;
      if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
      discard(answer);
      if (redirects === maxRedirects) throw fail('unavailable', `registry ${endpoint.base.host} redirects without end`);
      request = redirected(request, location, query);
    }
  }

  #first(endpoint: Endpoint, query: RegistryQuery): HttpRequest {
    const url = new URL(endpoint.base);
    url.pathname = `${url.pathname}/${this.reference.repository}/${query.path}`;
    // Mirrors of several registries learn from `ns` which one is meant.
    if (!endpoint.upstream) url.searchParams.set('ns', this.reference.registry);
    const authorization = this.#authorizations.get(endpoint);
    const headers = { ...endpoint.headers, ...query.headers, ...(authorization !== undefined && { authorization }) };
    return { method: 'GET', url, headers, tls: endpoint.tls };
  }

  #judge(answer: HttpAnswer, endpoint: Endpoint, query: RegistryQuery): HttpAnswer {
    if (answer.status === 200 || answer.status === 206) return answer;
    discard(answer);
    const about = `${this.reference.registry}/${this.reference.repository}: ${query.path} at ${endpoint.base.host}`;
    if (answer.status === 404) throw fail('not_found', `${about}: no such image; check its name and tag`);
    if (answer.status === 401) throw fail('unauthenticated', `${about}: the registry refuses these credentials`);
    if (answer.status === 403)
      throw fail('permission_denied', `${about}: access denied; check the credentials' rights`);
    if (isTransient(answer.status)) throw fail('unavailable', `${about}: status ${answer.status}; try again later`);
    throw fail('failed_precondition', `${about}: unexpected status ${answer.status}`);
  }
}

const isTransient = (status: number) => status === 429 || status === 408 || status >= 500;

/** Another origin gets the plain question: no credentials, no headers and no trust of the host before. */
function redirected(request: HttpRequest, location: string, query: RegistryQuery): HttpRequest {
  const url = URL.parse(location, request.url.href);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw fail('unavailable', `registry ${request.url.host} redirects to an address that is none`);
  if (url.origin === request.url.origin) return { ...request, url };
  if (url.protocol === 'http:' && request.url.protocol === 'https:' && !isLoopback(url.hostname))
    throw fail('failed_precondition', `registry ${request.url.host} redirects from https to http at ${url.host}`);
  return { method: 'GET', url, headers: query.headers, tls: plainTrust };
}

function retryAfterMs(answer: HttpAnswer): number | undefined {
  const value = answer.headers['retry-after'];
  if (value === undefined) return undefined;
  const ms = /^[0-9]+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(ms, 0) : undefined;
}
