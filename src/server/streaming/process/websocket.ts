import type { ProcessStreamsWish } from '../request.ts';
import { WebSocketChannels } from '../websocket/channels.ts';
import { base64Codec, binaryCodec } from '../websocket/codec.ts';
import { WebSocketConnection } from '../websocket/connection.ts';
import type { Wire } from '../wire.ts';
import { encodeStatus } from './status.ts';
import type { RemoteStreams } from './streams.ts';

/** Numbers of the channels: stdin, stdout, stderr, the status, terminal sizes. */
const numbers = { stdin: 0, stdout: 1, stderr: 2, status: 3, sizes: 4 } as const;
const count = 5;

/** A WebSocket has all its channels from the beginning. */
export function openWebSocketStreams(wire: Wire, wish: ProcessStreamsWish, protocol: string): RemoteStreams {
  const gone = new AbortController();
  const channels = new WebSocketChannels(new WebSocketConnection(wire), {
    codec: protocol.includes('base64.') ? base64Codec : binaryCodec,
    count,
    canClose: protocol.startsWith('v5.'),
    heldLimit: 0,
    onClosed: () => gone.abort(),
  });
  const channel = (name: keyof typeof numbers) => channels.all[numbers[name]];
  const json = protocol.startsWith('v5.') || protocol.startsWith('v4.');
  channels.listen();
  for (const name of ['stdout', 'stderr', 'status'] as const) channel(name)?.resume();
  if (!wish.stdin) channel('stdin')?.resume();
  // An empty message tells the client that it is connected: what other runtimes do, and clients wait for.
  channels.greet(wish.stdout ? numbers.stdout : wish.stderr ? numbers.stderr : numbers.status);
  return {
    stdin: wish.stdin ? channel('stdin') : undefined,
    stdout: wish.stdout ? channel('stdout') : undefined,
    stderr: wish.stderr ? channel('stderr') : undefined,
    sizes: channel('sizes'),
    gone: gone.signal,
    finish: async (status) => {
      await Promise.all([channel('stdout')?.sendEnd(), channel('stderr')?.sendEnd()]);
      await channel('status')?.sendEnd(encodeStatus(status, json));
      channels.close();
    },
  };
}
