import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { CricketError, errnoOf, fail, messageOf } from '../../base/errors.ts';
import type { ErrorCode } from '../../base/errors.ts';
import { httpStatusOf } from './verb.ts';

export interface ControlCall {
  readonly socket: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  /** What to send; undefined: nothing. */
  readonly body: Readable | undefined;
}

const failure = z.object({
  code: z.custom<ErrorCode>((code) => typeof code === 'string' && Object.hasOwn(httpStatusOf, code)),
  message: z.string(),
});
const streamFailure = z.object({ failed: failure });

/** Calls a running daemon. Errors: the daemon's own, or `unavailable` when none answers. */
export async function callControl(call: ControlCall, signal: AbortSignal): Promise<unknown> {
  const response = await openControl(call, signal);
  return JSON.parse(await textOf(call, response));
}

/** The same for an answer that comes line by line. Errors also: `unavailable` when the daemon ends in the midst of it. */
export async function* streamControl(call: ControlCall, signal: AbortSignal): AsyncGenerator {
  const response = await openControl(call, signal);
  try {
    for await (const line of createInterface({ input: response, crlfDelay: Infinity })) {
      const value: unknown = JSON.parse(line);
      const told = streamFailure.safeParse(value);
      if (told.success) throw fail(told.data.failed.code, told.data.failed.message);
      yield value;
    }
    // A line reader ends in peace where its input was torn off.
    if (!response.complete) throw unreachable(call.socket, new Error(cutOff));
  } catch (error) {
    throw error instanceof CricketError ? error : unreachable(call.socket, error);
  } finally {
    response.destroy();
  }
}

/** Resolves with the head of an answer that is not a failure; its body ends with an error where it is torn off. */
export async function openControl(call: ControlCall, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(call.query)) for (const one of [value].flat()) query.append(key, one);
  const path = `${call.path}?${query.toString()}`;
  // No connection is kept for the next call: the daemon lets go of one just when that comes.
  const options = { socketPath: call.socket, method: call.method, path, signal, agent: false } as const;
  const sent = request(options, resolve);
  // After the head, an end of the connection is the reader's to notice.
  sent.on('error', (error) => reject(unreachable(call.socket, error)));
  if (call.body === undefined) sent.end();
  else call.body.once('error', (error) => sent.destroy(error)).pipe(sent);
  const response = await promise;
  if (response.statusCode === 200) return response;
  const text = await textOf(call, response);
  const told = failure.safeParse(JSON.parse(text));
  if (!told.success) throw fail('internal', `control socket ${call.socket}: not understood: ${text.slice(0, 200)}`);
  throw fail(told.data.code, told.data.message);
}

async function textOf(call: ControlCall, response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  try {
    await finished(response);
  } catch (error) {
    throw unreachable(call.socket, error);
  }
  return Buffer.concat(chunks).toString();
}

const cutOff = 'the daemon ended in the midst of its answer; call again once it is back';

function unreachable(socket: string, error: unknown): Error {
  const nobody = ['ENOENT', 'ECONNREFUSED'].includes(errnoOf(error) ?? '');
  const reason = errnoOf(error) === 'ECONNRESET' ? cutOff : messageOf(error);
  const why = nobody ? 'no daemon answers; start it: systemctl start cricket' : reason;
  return fail('unavailable', `control socket ${socket}: ${why}`, error);
}
