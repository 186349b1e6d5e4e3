import { request } from 'node:http';
import { finished } from 'node:stream/promises';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { errnoOf, fail, messageOf } from '../../base/errors.ts';
import type { ErrorCode } from '../../base/errors.ts';
import { httpStatusOf } from './verb.ts';

export interface ControlCall {
  readonly socket: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** What to send; undefined: nothing. */
  readonly body: Readable | undefined;
}

const failure = z.object({
  code: z.custom<ErrorCode>((code) => typeof code === 'string' && Object.hasOwn(httpStatusOf, code)),
  message: z.string(),
});

/** Calls a running daemon. Errors: the daemon's own, or `unavailable` when none answers. */
export async function callControl(call: ControlCall, signal: AbortSignal): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<{ readonly status: number; readonly text: string }>();
  const path = `${call.path}?${new URLSearchParams(call.query).toString()}`;
  const sent = request({ socketPath: call.socket, method: call.method, path, signal }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    finished(response).then(
      () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      (error: unknown) => reject(unreachable(call.socket, error)),
    );
  });
  sent.once('error', (error) => reject(unreachable(call.socket, error)));
  if (call.body === undefined) sent.end();
  else call.body.once('error', (error) => sent.destroy(error)).pipe(sent);
  const { status, text } = await promise;
  const answer: unknown = JSON.parse(text);
  if (status === 200) return answer;
  const told = failure.safeParse(answer);
  if (!told.success) throw fail('internal', `control socket ${call.socket}: not understood: ${text.slice(0, 200)}`);
  throw fail(told.data.code, told.data.message);
}

function unreachable(socket: string, error: unknown): Error {
  const nobody = ['ENOENT', 'ECONNREFUSED'].includes(errnoOf(error) ?? '');
  const why = nobody ? 'no daemon answers; start it: systemctl start cricket' : messageOf(error);
  return fail('unavailable', `control socket ${socket}: ${why}`, error);
}
