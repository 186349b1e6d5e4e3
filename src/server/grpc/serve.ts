import { Server, ServerCredentials } from '@grpc/grpc-js';
import { unlink } from 'node:fs/promises';
import { ImageServiceService, RuntimeServiceService } from '../../../api/cri/v1/api.ts';
import { sleep } from '../../base/abort.ts';
import { fail } from '../../base/errors.ts';
import { Calls } from './calls.ts';
import type { CallsDeps } from './calls.ts';
import type { ImageHandlers, RuntimeHandlers } from './handlers.ts';
import { maxMessageSize } from './limits.ts';
import { addService } from './service.ts';
import { freeSocketPath, openToGroup } from './socket.ts';

export interface ServeOptions {
  /** Path of the unix socket. */
  readonly socket: string;
  /** Group name or number that may use it; it equals root. */
  readonly group: string;
  readonly runtime: RuntimeHandlers;
  readonly image: ImageHandlers;
}

export interface CriServer {
  /**
   * Takes no more calls, ends streams, gives the calls in flight this many milliseconds, then ends their
   * waits and closes. The signal cuts the wait short. Resolves once the socket is gone.
   */
  drain(limitMs: number, signal: AbortSignal): Promise<void>;
  /** Calls whose handlers are at work. */
  inFlight(): number;
}

/** Serves CRI. Errors: `already_exists` for a socket in use, `invalid_argument` for an unknown group. */
export async function serveCri(options: ServeOptions, deps: CallsDeps): Promise<CriServer> {
  const calls = new Calls(deps);
  const server = new Server({
    'grpc.max_receive_message_length': maxMessageSize,
    'grpc.max_send_message_length': maxMessageSize,
  });
  addService(server, RuntimeServiceService, options.runtime, calls);
  addService(server, ImageServiceService, options.image, calls);
  await freeSocketPath(options.socket);
  await bind(server, options.socket);
  try {
    await openToGroup(options.socket, options.group);
  } catch (error) {
    server.forceShutdown();
    throw error;
  }
  return {
    drain: (limitMs, signal) => drain(server, calls, options.socket, { limitMs, signal }),
    inFlight: () => calls.size,
  };
}

async function bind(server: Server, socket: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), (error) => {
    if (error === null) resolve();
    else reject(fail('failed_precondition', `socket ${socket}: cannot be bound: ${error.message}`, error));
  });
  await promise;
}

/** Milliseconds that handlers have to see their ended signal before their connections are cut. */
const graceMs = 500;

async function drain(
  server: Server,
  calls: Calls,
  socket: string,
  limit: { readonly limitMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  server.tryShutdown(() => resolve());
  calls.endStreams();
  await within(limit.limitMs, calls.idle(), limit.signal);
  calls.endAll();
  await within(graceMs, closed, new AbortController().signal);
  server.forceShutdown();
  await unlink(socket).catch(() => undefined);
}

/** Waits for the first of: the work, the time, the signal. */
async function within(milliseconds: number, work: Promise<void>, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const time = sleep(milliseconds, AbortSignal.any([signal, over.signal])).catch(() => undefined);
  await Promise.race([work, time]);
  over.abort();
}
