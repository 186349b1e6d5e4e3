import type { Duplex } from 'node:stream';
import { withTimeout } from '../../base/abort.ts';
import { during, errnoOf, fail } from '../../base/errors.ts';
import { connectLoopback, openTcpSocket } from '../../linux/connect-tcp.ts';
import type { IpFamily } from '../../linux/connect-tcp.ts';
import { requirePod } from '../store/resolve.ts';
import type { Pod } from '../store/store.ts';
import type { Parts } from '../parts.ts';
import { podTitle } from './record.ts';
import { isReady } from './state.ts';

export type DialParts = Pick<Parts, 'lifetime' | 'podCalls' | 'store' | 'watcher'>;

/** Milliseconds until a port counts as one that does not answer: its program accepts nothing any more. */
const dialTimeoutMs = 10_000;
/** Milliseconds for one socket: it takes no time. */
const socketTimeoutMs = 15_000;

/** Errno of a family on which nothing can listen there; the other one may still do. */
const nobodyThere: ReadonlySet<string | undefined> = new Set([
  'ECONNREFUSED',
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
  'ENETUNREACH',
]);

/**
 * A connection to a port on a sandbox's loopback, 127.0.0.1 and then ::1; each direction ends by itself. `podId` may be
 * a unique beginning. Errors: `not_found`, `failed_precondition` for a sandbox that is not ready, `unavailable` when
 * nobody listens there, `deadline_exceeded` when it does not answer.
 */
export async function dialPod(parts: DialParts, podId: string, port: number, signal: AbortSignal): Promise<Duplex> {
  const pod = requirePod(parts.store, podId);
  const title = podTitle(pod.record);
  if (!isReady(pod.state))
    throw fail('failed_precondition', `connect to port ${port} of ${title}: it is ${pod.state.kind}, not ready`);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw fail('invalid_argument', `connect to port ${port} of ${title}: name a port from 1 to 65535`);
  const deadline = withTimeout(signal, dialTimeoutMs);
  const connect = async (family: IpFamily) => {
    try {
      const fd = await socketIn(parts, pod, family);
      return await connectLoopback(parts.watcher, { fd, family, port }, deadline);
    } catch (error) {
      if (nobodyThere.has(errnoOf(error))) return undefined;
      if (deadline.aborted && !signal.aborted)
        throw fail('deadline_exceeded', `connect to port ${port} of ${title}: nobody accepts the connection`, error);
      throw during(`connect to port ${port} of ${title}`, error);
    }
  };
  const connected = (await connect(4)) ?? (await connect(6));
  if (connected === undefined)
    throw fail('unavailable', `connect to port ${port} of ${title}: nothing listens there, on 127.0.0.1 or ::1`);
  return connected;
}

/** Not under the request's signal: that would give the Worker up, and lose the descriptor. */
async function socketIn({ podCalls, lifetime }: DialParts, { record }: Pod, family: IpFamily): Promise<number> {
  const netns = record.pins.net;
  if (netns === undefined) return openTcpSocket(family);
  return podCalls.call('openTcpSocket', { netns, family }, withTimeout(lifetime, socketTimeoutMs));
}
