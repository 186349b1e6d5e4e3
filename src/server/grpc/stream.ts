import type { handleServerStreamingCall, ServerWritableStream } from '@grpc/grpc-js';
import { once } from 'node:events';
import { abortError, throwIfAborted, waitFor } from '../../base/abort.ts';
import { errorFrom } from '../../base/errors.ts';
import type { Calls } from './calls.ts';
import type { Encoded, Method, ServerStream } from './handlers.ts';
import { encode } from './limits.ts';

/** A streaming handler as grpc-js wants it: it is asked for the next message when the last one was taken. */
export function adaptStream<Request, Response>(
  method: Method<Request, Response>,
  handler: ServerStream<Request, Response>,
  calls: Calls,
): handleServerStreamingCall<Request, Buffer> {
  return (wire) => {
    const call = calls.open(method.path, wire, wire.request, 'stream');
    const { signal } = call.context;
    call
      .inside(() => pump(method, handler(wire.request, call.context), wire, signal))
      .then(
        () => {
          call.finish();
          wire.end();
        },
        (thrown: unknown) => wire.emit('error', call.finish(errorFrom(thrown))),
      );
  };
}

async function pump<Request, Response>(
  method: Method<Request, Response>,
  messages: AsyncIterable<Response | Encoded<Response>>,
  wire: ServerWritableStream<Request, Buffer>,
  signal: AbortSignal,
): Promise<void> {
  const iterator = messages[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await waitFor(iterator.next(), signal);
      if (next.done === true) return;
      if (!wire.write(encode(method, next.value))) await drained(wire, signal);
      throwIfAborted(signal);
    }
  } finally {
    // Not awaited: a generator that sits in an await of its own answers only when that ends.
    iterator.return?.().catch(() => undefined);
  }
}

async function drained(wire: ServerWritableStream<unknown, Buffer>, signal: AbortSignal): Promise<void> {
  try {
    await once(wire, 'drain', { signal });
  } catch (error) {
    throw signal.aborted ? abortError(signal) : error;
  }
}
