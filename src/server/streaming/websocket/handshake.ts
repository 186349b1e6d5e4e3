import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** RFC 6455, 4.2.2. */
const acceptSuffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** The client's key, when the request is a handshake of RFC 6455; what is wrong with it otherwise. */
export function webSocketKey({
  method,
  headers,
}: IncomingMessage): { readonly key: string } | { readonly wrong: string } {
  const key = headers['sec-websocket-key'] ?? '';
  if (method !== 'GET') return { wrong: 'a WebSocket begins with GET' };
  if (headers['sec-websocket-version'] !== '13') return { wrong: 'only version 13 of WebSocket is spoken' };
  if (!/^[A-Za-z0-9+/]{22}==$/.test(key)) return { wrong: 'the WebSocket key is malformed' };
  return { key };
}

/** The headers that accept it. No extension is: compression of what is already cheap would cost a window a client. */
export function acceptHeaders(key: string, protocol: string): readonly string[] {
  const accept = createHash('sha1')
    .update(key + acceptSuffix)
    .digest('base64');
  const base = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`];
  return protocol === '' ? base : [...base, `Sec-WebSocket-Protocol: ${protocol}`];
}
