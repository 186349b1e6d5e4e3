import type { Socket } from 'node:net';

/** What hears of a wire. */
export interface Receiver {
  data(chunk: Buffer): void;
  /** Called now and then while it is paused: sending anything finds out that nobody is there any more. */
  probe(): void;
  /** Once, when nothing comes any more. */
  closed(): void;
}

/** The bytes of one connection, in both directions. */
export interface Wire {
  listen(receiver: Receiver): void;
  send(...parts: readonly Buffer[]): void;
  /** Like `send`, for what the client can make us say: one that does not listen to its answers is cut off. */
  reply(part: Buffer): void;
  /** Calls back when what was sent has left enough room for more, at once where there is; and when it is over. */
  whenReady(then: () => void): void;
  pause(paused: boolean): void;
  /** Sends what is left and closes; what still comes in is thrown away. */
  end(): void;
  destroy(): void;
}

/** Milliseconds that a client has to close its end after ours: closing earlier would take away what it has not read. */
const lingerMs = 5_000;
const probeMs = 5_000;
/** Answers that may wait to be sent. Clients ping every five seconds at most. */
const maxReplies = 4_096;

/** A wire of one socket; `head` is what came with the handshake. */
export function socketWire(socket: Socket, head: Buffer, idleMs: number): Wire {
  let receiver: Receiver | undefined;
  let replies = 0;
  let probe: NodeJS.Timeout | undefined;
  const waiting: (() => void)[] = [];
  const release = () => waiting.splice(0).forEach((then) => then());
  const close = () => {
    clearInterval(probe);
    const told = receiver;
    receiver = undefined;
    told?.closed();
    release();
  };
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 30_000);
  socket.setTimeout(idleMs, () => socket.destroy());
  socket.on('error', () => undefined);
  socket.on('drain', release);
  socket.on('close', close);
  return {
    listen(to) {
      receiver = to;
      // A client that ends its half is gone: none of the protocols has a use for half a connection.
      socket.on('end', () => {
        close();
        socket.end();
        socket.destroySoon();
      });
      if (head.length > 0) to.data(head);
      socket.on('data', (chunk: Buffer) => receiver?.data(chunk));
      if (socket.destroyed) close();
    },
    send(...parts) {
      if (!socket.writable) return;
      socket.cork();
      for (const part of parts) socket.write(part);
      socket.uncork();
    },
    reply(part) {
      if (!socket.writable) return;
      replies += 1;
      if (replies > maxReplies) socket.destroy();
      else socket.write(part, () => (replies -= 1));
    },
    whenReady(then) {
      if (socket.writable && socket.writableNeedDrain) waiting.push(then);
      else then();
    },
    pause(paused) {
      clearInterval(probe);
      if (paused) {
        socket.pause();
        probe = setInterval(() => receiver?.probe(), probeMs).unref();
      } else socket.resume();
    },
    end() {
      clearInterval(probe);
      receiver = undefined;
      socket.resume();
      socket.end(() => setTimeout(() => socket.destroy(), lingerMs).unref());
    },
    destroy: () => socket.destroy(),
  };
}
