import { once } from 'node:events';
import { WebSocket } from 'ws';

/** What a client of channels in a WebSocket has heard. */
export interface ChannelClient {
  readonly socket: WebSocket;
  readonly channels: Map<number, Buffer[]>;
  readonly closed: Promise<number>;
  text(channel: number): string;
  send(channel: number, bytes: string | Uint8Array): void;
}

/** Errors: what the server said instead of 101. */
export async function connectChannels(url: string, protocols: string | string[]): Promise<ChannelClient> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), protocols, { rejectUnauthorized: false });
  const channels = new Map<number, Buffer[]>();
  const base64 = () => socket.protocol.includes('base64');
  socket.on('message', (message: Buffer) => {
    const channel = (message[0] ?? 0) - (base64() ? 0x30 : 0);
    const bytes = base64() ? Buffer.from(message.toString('latin1', 1), 'base64') : message.subarray(1);
    channels.set(channel, [...(channels.get(channel) ?? []), bytes]);
  });
  const closed = once(socket, 'close').then(([code]) => Number(code));
  closed.catch(() => undefined);
  await once(socket, 'open');
  return {
    socket,
    channels,
    closed,
    text: (channel) => Buffer.concat(channels.get(channel) ?? []).toString('latin1'),
    send: (channel, bytes) => {
      if (base64()) socket.send(String(channel) + Buffer.from(bytes).toString('base64'));
      else socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(bytes)]));
    },
  };
}
