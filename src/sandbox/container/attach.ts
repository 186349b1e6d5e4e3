import { join } from 'node:path';
import { Writable } from 'node:stream';
import { throwIfAborted } from '../../base/abort.ts';
import { fail, messageOf } from '../../base/errors.ts';
import { requireContainer } from '../store/resolve.ts';
import type { Container } from '../store/store.ts';
import type { Parts } from '../parts.ts';
import { containerTitle } from './record.ts';
import type { ProcessSession, SessionEnd } from './session.ts';
import { isLive } from './state.ts';
import { MonitorClient } from './streams/monitor-client.ts';
import { TerminalInput } from './streams/terminal-input.ts';
import { tellMonitor } from './tell-monitor.ts';

export type AttachParts = Pick<Parts, 'lifetime' | 'log' | 'paths' | 'settings' | 'store' | 'watcher'>;

export interface AttachRequest {
  /** Or a unique beginning of it. */
  readonly containerId: string;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/**
 * Joins the streams of a container's first process, which its conmon holds: others may be there already, and one may
 * come again, after a restart of ours too. Its end has the code 0 always: kubectl takes another for a failed attach
 * and asks the pod's status for the true one. Errors: `not_found`, `failed_precondition` for one that ended.
 */
export async function openAttachSession(
  parts: AttachParts,
  request: AttachRequest,
  signal: AbortSignal,
): Promise<ProcessSession> {
  throwIfAborted(signal);
  const container = requireContainer(parts.store, request.containerId);
  const { record, state } = container;
  if (!isLive(state))
    throw fail('failed_precondition', `attach to ${containerTitle(record)}: it is ${state.kind}, not running`);
  const client = connect(parts, container, request);
  const detached = Promise.withResolvers<SessionEnd>();
  const stdin = request.stdin
    ? inputOf(parts, container, client, () => detached.resolve({ how: 'detached' }))
    : undefined;
  const over = client.over.then((end): SessionEnd => (end === 'closed' ? { how: 'exited', code: 0 } : stuck));
  const left = Promise.withResolvers<SessionEnd>();
  const ended = Promise.race([over, detached.promise, left.promise]).then((end) => {
    leave(parts, container, client, request.stdin && end.how !== 'detached');
    stdin?.destroy();
    return end;
  });
  return {
    stdin,
    stdout: client.stdout,
    stderr: client.stderr,
    resize: resizer(parts, container),
    hangUp: () => left.resolve({ how: 'lost', reason: 'the client went away' }),
    ended,
  };
}

const stuck: SessionEnd = {
  how: 'lost',
  reason: 'the client took no output, and the container had to wait for it; attach again',
};

function connect(parts: AttachParts, { record }: Container, wanted: AttachRequest): MonitorClient {
  try {
    return new MonitorClient(parts.watcher, join(parts.paths.container(record.id).bundle, 'attach'), wanted);
  } catch (error) {
    throw fail('unavailable', `attach to ${containerTitle(record)}: its conmon does not answer`, error);
  }
}

function inputOf(parts: AttachParts, { record }: Container, client: MonitorClient, onDetach: () => void): Writable {
  const { stdin, tty } = record.config;
  if (!stdin) return new Writable({ write: (_chunk, _encoding, done) => done() });
  // What cannot be written any more is no error: the end of the container tells.
  const write = (chunk: Buffer, done: (error?: Error | null) => void) => client.write(chunk, () => done());
  if (tty) return new TerminalInput({ detachKeys: parts.settings.detachKeys, write, onDetach });
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => write(chunk, done),
    final(done) {
      client.endInput();
      done();
    },
  });
}

/**
 * conmon ends a container's stdin_once with the first client that closes its side, one that only looked on too: such
 * a one, and one that means to come again, stays with it until the container has ended.
 */
function leave(parts: AttachParts, container: Container, client: MonitorClient, endsInput: boolean): void {
  const { stdin, stdinOnce } = container.record.config;
  if (endsInput || !stdin || !stdinOnce || !isLive(container.state)) {
    client.close();
    return;
  }
  client.park();
  const close = () => client.close();
  container.until((state) => !isLive(state), parts.lifetime).then(close, close);
}

/** conmon reads one message after the other: of sizes that follow each other quickly the last one must win. */
function resizer(parts: AttachParts, container: Container): ProcessSession['resize'] {
  if (!container.record.config.tty) return () => undefined;
  let next: { readonly columns: number; readonly rows: number } | undefined;
  let telling = false;
  const tell = async () => {
    telling = true;
    try {
      for (let size = next; size !== undefined; size = next) {
        next = undefined;
        await tellMonitor(parts, container, { kind: 'resize', ...size });
      }
    } catch (error) {
      parts.log.debug({ container: container.record.id, reason: messageOf(error) }, 'terminal not resized');
    } finally {
      telling = false;
    }
  };
  return (columns, rows) => {
    next = { columns, rows };
    if (!telling) void tell();
  };
}
