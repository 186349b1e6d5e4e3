import type { Wire } from '../wire.ts';
import type { WebSocketConnection } from './connection.ts';
import { opcodes } from './parser.ts';

/** A wire inside a WebSocket: the payloads of its messages, one behind the other (KEP-4006). */
export function tunnelWire(connection: WebSocketConnection): Wire {
  const send = (parts: readonly Buffer[]) => {
    const chunk = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    connection.send(opcodes.binary, undefined, chunk, () => undefined);
  };
  return {
    listen: (receiver) =>
      connection.listen({ message: (part) => receiver.data(part), closed: () => receiver.closed() }),
    send: (...parts) => send(parts),
    reply: (part) => connection.reply(opcodes.binary, part),
    whenReady: (then) => connection.whenReady(then),
    pause: (paused) => connection.pause(paused),
    end: () => connection.close(),
    destroy: () => connection.destroy(),
  };
}
