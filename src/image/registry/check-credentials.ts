import { fail } from '../../base/errors.ts';
import { basicHeader, fetchToken, parseChallenge, settleCredentials } from './auth.ts';
import type { RegistryAuth } from './auth.ts';
import { endpointsOf } from './hosts.ts';
import type { Endpoint, RegistryOptions } from './hosts.ts';
import { discard, HttpConnections } from './http.ts';
import type { HttpAnswer } from './http.ts';

const answerMs = 30_000;

export interface CheckOptions extends RegistryOptions {
  readonly proxy: NodeJS.ProcessEnv;
}

/**
 * Asks a registry itself, never a mirror of it, whether these credentials are good (OCI distribution, end-1).
 * Errors: `unauthenticated` when they are not, `unavailable`, `failed_precondition` for what speaks no such API.
 */
export async function checkCredentials(
  registry: string,
  auth: RegistryAuth,
  options: CheckOptions,
  signal: AbortSignal,
): Promise<void> {
  const endpoint = (await endpointsOf(registry, options)).at(-1);
  if (endpoint === undefined) throw fail('internal', `registry ${registry} has no address`);
  using connections = new HttpConnections({ answer: answerMs, silence: answerMs, proxy: options.proxy });
  const answer = await ping(endpoint, connections, {}, signal);
  if (answer.status !== 401) {
    judge(answer, registry);
    return;
  }
  const challenge = parseChallenge(answer.headers['www-authenticate']);
  const credentials = settleCredentials(auth);
  if (challenge === undefined || credentials === undefined) {
    judge(answer, registry);
    return;
  }
  const authorization =
    challenge.scheme === 'bearer'
      ? `Bearer ${await fetchToken({ challenge, scope: '', credentials, endpoint }, connections, signal)}`
      : basicHeader(credentials);
  judge(await ping(endpoint, connections, { authorization }, signal), registry);
}

async function ping(
  { base, headers, tls }: Endpoint,
  connections: HttpConnections,
  more: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const url = new URL(base);
  url.pathname = `${url.pathname}/`;
  const answer = await connections.send({ method: 'GET', url, headers: { ...headers, ...more }, tls }, signal);
  discard(answer);
  return answer;
}

function judge({ status }: HttpAnswer, registry: string): void {
  if (status === 200) return;
  if (status === 401 || status === 403)
    throw fail('unauthenticated', `registry ${registry} refuses these credentials; check the user name and password`);
  if (status >= 500 || status === 429)
    throw fail('unavailable', `registry ${registry}: status ${status}; try again later`);
  throw fail('failed_precondition', `registry ${registry}: status ${status}: it speaks no registry API at /v2/`);
}
