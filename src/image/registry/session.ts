import { sleep } from '../../base/abort.ts';
import { errorFrom, fail } from '../../base/errors.ts';
import type { CricketError } from '../../base/errors.ts';
import type { ImageReference } from '../reference/parse.ts';
import { basicHeader, fetchToken, meantFor, parseChallenge, settleCredentials } from './auth.ts';
import type { Credentials, RegistryAuth } from './auth.ts';
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
  /** GET unless given. */
  readonly method?: 'HEAD';
  readonly headers: Readonly<Record<string, string>>;
  readonly capability: Capability;
}

export interface SessionSetup {
  readonly endpoints: readonly Endpoint[];
  /** What the caller gave. */
  readonly auth: RegistryAuth | undefined;
  /** What the credential file has for a name such as `registry.local:5000/team/app`. */
  readonly stored: (name: string) => Promise<RegistryAuth | undefined>;
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
  readonly #setup: SessionSetup;
  readonly #connections: HttpConnections;
  readonly #authorizations = new Map<Endpoint, string>();
  /** Hosts that gave no answer: left out while there are others. */
  readonly #silent = new Set<Endpoint>();

  constructor(reference: ImageReference, setup: SessionSetup) {
    this.reference = reference;
    this.#endpoints = setup.endpoints;
    this.#setup = setup;
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
   * Errors: the last host's, as the registry itself stands last, with what the others said behind it.
   */
  async ask<T>(query: RegistryQuery, use: (answer: HttpAnswer) => Promise<T>, signal: AbortSignal): Promise<T> {
    const able = this.#endpoints.filter(({ capabilities }) => capabilities.has(query.capability));
    const asked = able.filter((endpoint, index) => index === able.length - 1 || !this.#silent.has(endpoint));
    const failures: CricketError[] = [];
    for (const [index, endpoint] of asked.entries()) {
      try {
        return await use(await this.#persist(endpoint, query, index === asked.length - 1, signal));
      } catch (error) {
        if (signal.aborted) throw error;
        failures.push(errorFrom(error));
      }
    }
    throw joined(failures, `no host of ${this.reference.registry} may be asked to ${query.capability}`);
  }

  /** Retries what may pass: no connection, 429, 5xx; with pauses that grow, or as Retry-After says. */
  async #persist(endpoint: Endpoint, query: RegistryQuery, isLast: boolean, signal: AbortSignal): Promise<HttpAnswer> {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#authorized(endpoint, query, signal).catch((error: unknown) => errorFrom(error));
      const isSilent = outcome instanceof Error && outcome.code === 'unavailable';
      // Whoever has another host to ask does not wait long for one that is away.
      if (isSilent && !isLast) this.#silent.add(endpoint);
      const worthIt = outcome instanceof Error ? isSilent && isLast : isTransient(outcome.status);
      if (!worthIt || attempt === attempts || signal.aborted) {
        if (outcome instanceof Error) throw outcome;
        return this.#judge(outcome, endpoint, query);
      }
      const pause = outcome instanceof Error ? undefined : retryAfterMs(outcome);
      if (!(outcome instanceof Error)) discard(outcome);
      const jitter = firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random());
      await sleep(
        Math.min(pause === undefined ? jitter : pause + Math.random() * firstPauseMs, longestPauseMs),
        signal,
      );
    }
  }

  async #authorized(endpoint: Endpoint, query: RegistryQuery, signal: AbortSignal): Promise<HttpAnswer> {
    const answer = await this.#follow(endpoint, query, signal);
    if (answer.status !== 401) return answer;
    const challenge = parseChallenge(answer.headers['www-authenticate']);
    if (challenge === undefined) return answer;
    discard(answer);
    const credentials = await this.#credentialsFor(endpoint);
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

  /** The caller's where they are meant for this host, else those of the file. */
  async #credentialsFor(endpoint: Endpoint): Promise<Credentials | undefined> {
    const { auth, stored } = this.#setup;
    const given = meantFor(auth, endpoint) ? settleCredentials(auth) : undefined;
    if (given !== undefined) return given;
    const { registry, repository } = this.reference;
    return settleCredentials(await stored(`${endpoint.upstream ? registry : endpoint.base.host}/${repository}`));
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
    const { tls, connectMs } = endpoint;
    return { method: query.method ?? 'GET', url, headers, tls, ...(connectMs !== undefined && { connectMs }) };
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

function joined(failures: readonly CricketError[], none: string): CricketError {
  const last = failures.at(-1);
  if (last === undefined) return fail('failed_precondition', none);
  const before = failures.slice(0, -1).map(({ message }) => message);
  return before.length === 0 ? last : fail(last.code, `${last.message}; before that: ${before.join('; ')}`, last);
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
  return { method: query.method ?? 'GET', url, headers: query.headers, tls: plainTrust };
}

function retryAfterMs(answer: HttpAnswer): number | undefined {
  const value = answer.headers['retry-after'];
  if (value === undefined) return undefined;
  const ms = /^[0-9]+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(ms, 0) : undefined;
}
