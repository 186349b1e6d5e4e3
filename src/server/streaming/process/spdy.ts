import { fail } from '../../../base/errors.ts';
import type { Channel } from '../channel.ts';
import type { ProcessStreamsWish } from '../request.ts';
import { SpdyConnection } from '../spdy/connection.ts';
import type { Wire } from '../wire.ts';
import { encodeStatus } from './status.ts';
import type { RemoteStreams } from './streams.ts';

/** What a client names a stream in its header `streamtype`. */
const streamTypes = ['error', 'stdin', 'stdout', 'stderr', 'resize'] as const;
type StreamType = (typeof streamTypes)[number];
const isStreamType = (text: string): text is StreamType => streamTypes.some((type) => type === text);

/** Milliseconds that a client has to open its streams. */
const creationMs = 30_000;

/** Before v3 there is no terminal size; before v4 the error stream carries text. */
const features = (protocol: string) => ({
  resizes: protocol.startsWith('v4.') || protocol.startsWith('v3.'),
  json: protocol.startsWith('v4.'),
});

/**
 * Waits until the client has opened every stream that it asked for: one for errors, one for each standard stream, one
 * for sizes with a TTY. Errors: `deadline_exceeded` after 30 s, `cancelled` when it goes or the signal fires.
 */
export async function openSpdyStreams(
  wire: Wire,
  wish: ProcessStreamsWish,
  protocol: string,
  signal: AbortSignal,
): Promise<RemoteStreams> {
  const { resizes, json } = features(protocol);
  const wanted = new Set<StreamType>([
    'error',
    ...(['stdin', 'stdout', 'stderr'] as const).filter((type) => wish[type]),
  ]);
  if (wish.tty && resizes) wanted.add('resize');
  const found = new Map<StreamType, Channel>();
  const gone = new AbortController();
  const { promise: complete, resolve, reject } = Promise.withResolvers<void>();
  const stop = (reason: string) => () => reject(fail('cancelled', reason));
  const timer = setTimeout(() => {
    reject(fail('deadline_exceeded', `the client did not open its streams within ${creationMs / 1000} s`));
  }, creationMs);
  const onEnding = stop('the daemon is ending');
  signal.addEventListener('abort', onEnding, { once: true });
  gone.signal.addEventListener('abort', stop('the client went before it had opened its streams'), { once: true });
  const connection = new SpdyConnection(wire, {
    maxStreams: streamTypes.length,
    heldLimit: 0,
    onStream: (channel, headers) => {
      const type = headers.get('streamtype') ?? '';
      if (!isStreamType(type) || found.has(type)) return false;
      found.set(type, channel);
      // What comes in on the others is for nobody: it must not hold up these two.
      if (type !== 'resize' && (type !== 'stdin' || !wish.stdin)) channel.resume();
      if ([...wanted].every((one) => found.has(one))) resolve();
      return true;
    },
    onClosed: () => gone.abort(),
  });
  try {
    await complete;
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onEnding);
  }
  const standard = (type: 'stdin' | 'stdout' | 'stderr') => (wish[type] ? found.get(type) : undefined);
  return {
    stdin: standard('stdin'),
    stdout: standard('stdout'),
    stderr: standard('stderr'),
    sizes: found.get('resize'),
    gone: gone.signal,
    finish: async (status) => {
      await Promise.all([...found].map(async ([type, channel]) => (type === 'error' ? undefined : channel.sendEnd())));
      await found.get('error')?.sendEnd(encodeStatus(status, json));
      connection.close();
    },
  };
}
