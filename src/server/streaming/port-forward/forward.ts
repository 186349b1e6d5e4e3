import type { Duplex } from 'node:stream';
import { errorFrom } from '../../../base/errors.ts';

/** Connects to a port of the pod that the session is for. */
export type Dial = (port: number, signal: AbortSignal) => Promise<Duplex>;

/**
 * Joins one connection of a client with a port. Resolves when it is over, with what kept it from being made; a
 * connection that breaks later only breaks the client's: whoever speaks through it sees the same as without us, and
 * clients take any text for the end of the whole session. Never rejects.
 */
export async function forward(
  data: Duplex,
  port: number,
  dial: Dial,
  options: { readonly halfClose: boolean },
): Promise<string | undefined> {
  const left = new AbortController();
  data.once('close', () => left.abort());
  let socket: Duplex;
  try {
    socket = await dial(port, left.signal);
  } catch (error) {
    return left.signal.aborted ? undefined : errorFrom(error).message;
  }
  if (left.signal.aborted) {
    socket.destroy();
    return undefined;
  }
  await join(data, socket, options.halfClose);
  return undefined;
}

async function join(data: Duplex, socket: Duplex, halfClose: boolean): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const drop = () => data.destroy();
  socket.on('error', drop);
  socket.once('close', () => {
    // What the pod said before it closed is still to be sent.
    if (socket.readableEnded && !data.writableFinished && !data.destroyed) data.once('finish', drop);
    else drop();
    resolve();
  });
  data.once('close', () => {
    if (!data.readableEnded || !data.writableFinished) socket.destroy();
  });
  if (!halfClose) socket.once('end', () => socket.end());
  data.pipe(socket);
  socket.pipe(data);
  await over;
}

/** What the error channel of a connection says. */
export const problemText = (port: number, problem: string | undefined): Buffer | undefined =>
  problem === undefined ? undefined : Buffer.from(`error forwarding port ${port}: ${problem}`);
