import type { Channel } from '../channel.ts';
import { WebSocketChannels } from '../websocket/channels.ts';
import { base64Codec, binaryCodec } from '../websocket/codec.ts';
import { WebSocketConnection } from '../websocket/connection.ts';
import type { Wire } from '../wire.ts';
import { forward, problemText } from './forward.ts';
import type { Dial } from './forward.ts';

/**
 * Forwards ports that were named beforehand, one connection each: channel 2n carries the data of port n, 2n + 1 what
 * went wrong, and each begins with the port's number. Resolves when all are over, the client is gone, or the signal
 * fires.
 */
export async function forwardOverWebSocket(
  wire: Wire,
  { ports, protocol }: { readonly ports: readonly number[]; readonly protocol: string },
  dial: Dial,
  signal: AbortSignal,
): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const channels = new WebSocketChannels(new WebSocketConnection(wire), {
    codec: protocol.includes('base64.') ? base64Codec : binaryCodec,
    count: ports.length * 2,
    canClose: false,
    heldLimit: 0,
    onClosed: resolve,
  });
  channels.listen();
  const pairs = ports.map((port, i) => ({ port, data: channels.all[2 * i], error: channels.all[2 * i + 1] }));
  const forwards = pairs.map(async ({ port, data, error }) => {
    if (data !== undefined && error !== undefined) await run(port, data, error, dial);
  });
  void Promise.all(forwards).then(() => resolve());
  const end = () => resolve();
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  await over;
  signal.removeEventListener('abort', end);
  channels.close();
}

async function run(port: number, data: Channel, error: Channel, dial: Dial): Promise<void> {
  const number = Buffer.alloc(2);
  number.writeUInt16LE(port);
  error.resume();
  data.write(number);
  error.write(number);
  const problem = await forward(data, port, dial, { halfClose: false });
  await error.sendEnd(problemText(port, problem));
  await data.sendEnd();
}
