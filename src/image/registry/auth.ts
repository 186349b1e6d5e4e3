import { z } from 'zod';
import { fail } from '../../base/errors.ts';
import { isLoopback } from './loopback.ts';
import type { Endpoint } from './hosts.ts';
import { discard, plainTrust, readBody } from './http.ts';
import type { HttpConnections, HttpRequest } from './http.ts';
import { checked, parseJson } from './manifest.ts';

/** Credentials as CRI hands them over; any of it may be absent. */
export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  /** base64 of `username:password`. */
  readonly auth?: string;
  /** The host these are for; absent: the registry of the reference. */
  readonly serverAddress?: string;
  /** An OAuth2 refresh token. */
  readonly identityToken?: string;
  /** A bearer token to send as it is. */
  readonly registryToken?: string;
}

/** Settled credentials. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly identityToken: string;
  readonly registryToken: string;
}

/** Errors: `invalid_argument` for an `auth` that is not base64 of a name and a password. */
export function settleCredentials(auth: RegistryAuth | undefined): Credentials | undefined {
  if (auth === undefined) return undefined;
  let { username = '', password = '' } = auth;
  if (username === '' && auth.auth !== undefined && auth.auth !== '') {
    const text = Buffer.from(auth.auth, 'base64').toString('utf8').replace(/\0+$/, '');
    const colon = text.indexOf(':');
    if (colon < 1) throw fail('invalid_argument', 'credentials: auth is not base64 of username:password');
    [username, password] = [text.slice(0, colon), text.slice(colon + 1)];
  }
  const settled = {
    username,
    password,
    identityToken: auth.identityToken ?? '',
    registryToken: auth.registryToken ?? '',
  };
  return Object.values(settled).every((value) => value === '') ? undefined : settled;
}

/**
 * Whether credentials may go to an endpoint: to the host they name, else to the registry itself. A mirror
 * never sees what was meant for the registry.
 */
export function meantFor(auth: RegistryAuth | undefined, endpoint: Endpoint): boolean {
  const address = auth?.serverAddress ?? '';
  if (address === '') return endpoint.upstream;
  const host = address.replace(/^[a-z]+:\/\//i, '').replace(/\/.*$/, '');
  const hub = /(^|\.)docker\.io$/;
  return host === endpoint.base.host || (hub.test(host) && hub.test(endpoint.base.hostname));
}

export interface Challenge {
  readonly scheme: 'basic' | 'bearer';
  readonly parameters: ReadonlyMap<string, string>;
}

/** Parses WWW-Authenticate (RFC 9110 11.6.1); Bearer is preferred where both are offered. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  const found: Challenge[] = [];
  const scheme = /(?:^|,)\s*(Bearer|Basic)\b((?:\s*,?\s*[a-z_]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s,"]+))*)/gi;
  for (const match of (header ?? '').slice(0, 8192).matchAll(scheme)) {
    const parameters = new Map<string, string>();
    for (const pair of (match[2] ?? '').matchAll(/([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi))
      parameters.set((pair[1] ?? '').toLowerCase(), (pair[2] ?? pair[3] ?? '').replace(/\\(.)/g, '$1'));
    found.push({ scheme: match[1]?.toLowerCase() === 'bearer' ? 'bearer' : 'basic', parameters });
  }
  return found.find((challenge) => challenge.scheme === 'bearer') ?? found[0];
}

export const basicHeader = (credentials: Credentials): string =>
  `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;

const tokenSchema = z.object({ token: z.string().nullish(), access_token: z.string().nullish() });
const maxTokenAnswer = 1 << 20;

/** What a token is wanted for. */
export interface TokenWish {
  readonly challenge: Challenge;
  /** '' for none: whether the credentials are good. */
  readonly scope: string;
  readonly credentials: Credentials | undefined;
  readonly endpoint: Endpoint;
}

/**
 * Fetches a bearer token (distribution's token specification; OAuth2 form for an identity token). The realm
 * must be HTTPS unless the registry itself is plain: a realm is where the password goes.
 * Errors: `unauthenticated`, `unavailable`, `failed_precondition` for a realm that will not do.
 */
export async function fetchToken(wish: TokenWish, connections: HttpConnections, signal: AbortSignal): Promise<string> {
  const { challenge, credentials, endpoint } = wish;
  const realm = URL.parse(challenge.parameters.get('realm') ?? '');
  const plainAllowed = endpoint.base.protocol === 'http:' || (realm !== null && isLoopback(realm.hostname));
  if (realm === null || !(realm.protocol === 'https:' || (realm.protocol === 'http:' && plainAllowed)))
    throw fail('failed_precondition', `registry ${endpoint.base.host} names no usable token server`);
  const answer = await connections.send(tokenRequest(wish, realm), signal);
  const about = `token from ${realm.host}`;
  if (answer.status !== 200) {
    discard(answer);
    const code = answer.status >= 500 || answer.status === 429 ? 'unavailable' : 'unauthenticated';
    const hint = credentials === undefined ? 'no credentials were given' : 'check the credentials';
    throw fail(code, `${about}: status ${answer.status}; ${hint}`);
  }
  const body = checked(tokenSchema, parseJson(await readBody(answer, maxTokenAnswer, about, signal), about), about);
  const token = body.token ?? body.access_token ?? '';
  if (token === '') throw fail('unauthenticated', `${about}: the answer holds no token`);
  return token;
}

function tokenRequest(wish: TokenWish, realm: URL): HttpRequest {
  const { challenge, scope, credentials, endpoint } = wish;
  const tls = realm.host === endpoint.base.host ? endpoint.tls : plainTrust;
  const service = challenge.parameters.get('service') ?? '';
  if (credentials !== undefined && credentials.identityToken !== '') {
    const form = {
      grant_type: 'refresh_token',
      service,
      client_id: 'cricket',
      ...(scope !== '' && { scope }),
      refresh_token: credentials.identityToken,
    };
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { method: 'POST', url: realm, headers, body: new URLSearchParams(form).toString(), tls };
  }
  if (service !== '') realm.searchParams.set('service', service);
  if (scope !== '') realm.searchParams.set('scope', scope);
  const known = credentials !== undefined && credentials.username !== '';
  return { method: 'GET', url: realm, headers: known ? { authorization: basicHeader(credentials) } : {}, tls };
}
