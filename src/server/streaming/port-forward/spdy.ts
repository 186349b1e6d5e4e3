import type { Channel } from '../channel.ts';
import { SpdyConnection } from '../spdy/connection.ts';
import type { Headers } from '../spdy/header-block.ts';
import type { Wire } from '../wire.ts';
import { forward, problemText } from './forward.ts';
import type { Dial } from './forward.ts';

/** Streams of one session: two a connection. */
const maxStreams = 2_000;
/** Bytes that the connections of a session may hold for ports that do not read, beside 64 KiB each. */
const heldLimit = 4 * 1024 * 1024;
/** Milliseconds between the two streams of a connection. */
const pairMs = 30_000;

/** The two streams of one connection. */
interface Pair {
  data: Channel | undefined;
  error: Channel | undefined;
  readonly timer: NodeJS.Timeout;
}

interface StreamHeaders {
  readonly type: 'data' | 'error';
  readonly port: number;
  readonly request: string;
}

/**
 * Forwards ports for a client that opens two streams for each of its connections. Resolves when it is gone, or when the
 * signal fires.
 */
export async function forwardOverSpdy(wire: Wire, dial: Dial, signal: AbortSignal): Promise<void> {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const pairs = new Map<string, Pair>();
  const connection = new SpdyConnection(wire, {
    maxStreams,
    heldLimit,
    onStream: (channel, headers) => {
      const read = readHeaders(headers, channel.id);
      return read !== undefined && add(pairs, channel, read, dial);
    },
    onClosed: resolve,
  });
  const end = () => {
    connection.close();
    resolve();
  };
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  await closed;
  signal.removeEventListener('abort', end);
  for (const { timer } of pairs.values()) clearTimeout(timer);
}

function readHeaders(headers: Headers, id: number): StreamHeaders | undefined {
  const type = headers.get('streamtype');
  const text = headers.get('port') ?? '';
  const port = Number(text);
  if (!/^[0-9]{1,5}$/.test(text) || port < 1 || port > 65_535) return undefined;
  if (type !== 'data' && type !== 'error') return undefined;
  // Clients from before request ids open the error stream, and right after it the data stream.
  return { type, port, request: headers.get('requestid') ?? `stream ${type === 'error' ? id : id - 2}` };
}

/** Answers whether the stream has a place. */
function add(pairs: Map<string, Pair>, channel: Channel, { type, port, request }: StreamHeaders, dial: Dial): boolean {
  const known = pairs.get(request);
  if (known?.[type] !== undefined) return false;
  const pair = known ?? { data: undefined, error: undefined, timer: setTimeout(() => give(pairs, request), pairMs) };
  pairs.set(request, pair);
  pair[type] = channel;
  if (pair.data === undefined || pair.error === undefined) return true;
  clearTimeout(pair.timer);
  pairs.delete(request);
  void run(pair.data, pair.error, port, dial);
  return true;
}

/** Its other half never came. */
function give(pairs: Map<string, Pair>, request: string): void {
  const pair = pairs.get(request);
  pairs.delete(request);
  pair?.data?.destroy();
  pair?.error?.end('the data stream of this connection was never opened');
}

async function run(data: Channel, error: Channel, port: number, dial: Dial): Promise<void> {
  error.resume();
  const problem = await forward(data, port, dial, { halfClose: true });
  await error.sendEnd(problemText(port, problem));
  // What the port said before it closed may still wait for a slow client.
  await data.sendEnd();
  data.destroy();
}
