import type { IncomingMessage } from 'node:http';
import { acceptHeaders, webSocketKey } from './websocket/handshake.ts';
import type { StreamKind, Transport } from './request.ts';

/** What client and server have agreed on. */
export interface Agreement {
  readonly transport: Transport;
  /** Empty: the client named none and means the oldest. */
  readonly protocol: string;
  /** Of the 101 answer. */
  readonly headers: readonly string[];
}

export interface Refusal {
  readonly status: 400 | 403;
  readonly text: string;
  readonly headers: readonly string[];
}

const channel = (versions: readonly string[]) => versions.map((version) => `${version}channel.k8s.io`);
/** The one that runs SPDY inside a WebSocket (KEP-4006). Its slash is no token of RFC 2616, and yet it is sent. */
const tunnelProtocol = 'SPDY/3.1+portforward.k8s.io';

/** By what is asked for; of those that the client names, the first one found here is taken. */
const known: Readonly<Record<'process' | 'ports', Readonly<Record<'spdy' | 'websocket', readonly string[]>>>> = {
  process: {
    spdy: channel(['v4.', 'v3.', 'v2.', '']),
    websocket: channel(['v5.', 'v4.', '', 'v4.base64.', 'base64.']),
  },
  ports: { spdy: ['portforward.k8s.io'], websocket: [tunnelProtocol, ...channel(['v4.', 'v4.base64.'])] },
};

/** Settles how to speak, from the headers of an upgrade. */
export function agree(kind: StreamKind, request: IncomingMessage): Agreement | Refusal {
  const upgrade = (request.headers.upgrade ?? '').toLowerCase();
  const protocols = known[kind === 'portforward' ? 'ports' : 'process'];
  if (upgrade === 'websocket') return agreeWebSocket(request, protocols.websocket);
  if (upgrade === 'spdy/3.1') return agreeSpdy(request, protocols.spdy);
  return { status: 400, text: 'upgrade to SPDY/3.1 or websocket', headers: [] };
}

function agreeSpdy(request: IncomingMessage, known: readonly string[]): Agreement | Refusal {
  const offered = listOf(request, 'x-stream-protocol-version');
  const protocol = offered.length === 0 ? '' : offered.find((name) => known.includes(name));
  if (protocol === undefined)
    return refusal(
      known.map((name) => `X-Accepted-Stream-Protocol-Versions: ${name}`),
      known,
    );
  const named = protocol === '' ? [] : [`X-Stream-Protocol-Version: ${protocol}`];
  return { transport: 'spdy', protocol, headers: ['Connection: Upgrade', 'Upgrade: SPDY/3.1', ...named] };
}

function agreeWebSocket(request: IncomingMessage, known: readonly string[]): Agreement | Refusal {
  const found = webSocketKey(request);
  if ('wrong' in found) return { status: 400, text: found.wrong, headers: ['Sec-WebSocket-Version: 13'] };
  const offered = listOf(request, 'sec-websocket-protocol');
  const protocol = offered.length === 0 ? '' : offered.find((name) => known.includes(name));
  if (protocol === undefined) return refusal([], known);
  const transport = protocol === tunnelProtocol ? 'tunnel' : 'websocket';
  return { transport, protocol, headers: acceptHeaders(found.key, protocol) };
}

const refusal = (headers: readonly string[], known: readonly string[]): Refusal => ({
  status: 403,
  text: `none of the protocols that were offered is spoken here; these are: ${known.join(', ')}`,
  headers,
});

/** The values of a header, which may come several times and with commas. */
function listOf(request: IncomingMessage, name: string): readonly string[] {
  const values = request.headersDistinct[name] ?? [];
  return values
    .flatMap((value) => value.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '');
}
