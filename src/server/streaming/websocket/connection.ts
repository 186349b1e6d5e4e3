import type { Receiver, Wire } from '../wire.ts';
import { controlFrame, messageHeader, MessageParser, opcodes } from './parser.ts';

/** RFC 6455, 7.4.1: 1000 is a normal end, 1002 a breach of the protocol. */
const closeCodes = { normal: 1000, protocol: 1002 } as const;

export interface WebSocketReceiver {
  message(part: Buffer, first: boolean, last: boolean): void;
  /** Once, when the client is gone. */
  closed(): void;
}

/** The server's end of a WebSocket connection behind its handshake. */
export class WebSocketConnection {
  readonly #wire: Wire;
  #over = false;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  listen(to: WebSocketReceiver): void {
    const parser = new MessageParser({
      message: (part, first, last) => to.message(part, first, last),
      ping: (payload) => this.#wire.reply(controlFrame(opcodes.pong, payload)),
      // Answered by our own close frame, and that is the end: there is no other half to wait for.
      close: () => this.#leave(closeCodes.normal, to),
    });
    const receiver: Receiver = {
      data: (chunk) => {
        try {
          if (!this.#over) parser.feed(chunk);
        } catch {
          this.#leave(closeCodes.protocol, to);
        }
      },
      // RFC 6455, 5.5.3: a pong that nobody asked for is a heartbeat.
      probe: () => this.#wire.reply(controlFrame(opcodes.pong, Buffer.alloc(0))),
      closed: () => to.closed(),
    };
    this.#wire.listen(receiver);
  }

  /** One message: `prefix`, then the chunk. Calls back when more may come. */
  send(opcode: number, prefix: number | undefined, chunk: Buffer, done: () => void): void {
    const spare = prefix === undefined ? 0 : 1;
    const header = messageHeader(opcode, chunk.length + spare, spare);
    if (prefix !== undefined) header[header.length - 1] = prefix;
    this.#wire.send(header, chunk);
    this.#wire.whenReady(done);
  }

  /** For what the client can make us say. */
  reply(opcode: number, chunk: Buffer): void {
    this.#wire.reply(Buffer.concat([messageHeader(opcode, chunk.length), chunk]));
  }

  whenReady(then: () => void): void {
    this.#wire.whenReady(then);
  }

  pause(paused: boolean): void {
    this.#wire.pause(paused);
  }

  /** Sends what is left, then the close frame, and closes. */
  close(): void {
    this.#say(closeCodes.normal);
  }

  destroy(): void {
    this.#wire.destroy();
  }

  #leave(code: number, to: WebSocketReceiver): void {
    if (this.#over) return;
    this.#say(code);
    to.closed();
  }

  #say(code: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#wire.send(controlFrame(opcodes.close, Buffer.from([code >> 8, code & 0xff])));
    this.#wire.end();
  }
}
