import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Readable, Writable } from 'node:stream';
import { errnoOf, fail } from '../../../base/errors.ts';
import { callControl, openControl } from '../../control/client.ts';
import { killPath } from '../../control/containers/kill.ts';
import { begunFrame, endFrame } from '../../control/session/answers.ts';
import type { BegunFrame, EndFrame } from '../../control/session/answers.ts';
import { frame, frameTypes, readFrames } from '../../control/session/frames.ts';

export interface SessionWish {
  readonly socket: string;
  readonly path: string;
  readonly order: object;
  readonly stdin: boolean;
  /** Signals to us go to the container, as those of a shell's Ctrl-C. */
  readonly passSignals: boolean;
}

/** Passed on; SIGWINCH is the terminal's size, and the others cannot be caught or are our own. */
const passed = ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const;
/** Interrupts after which we end, whatever the container does. */
const patience = 3;

/** What a terminal of ours is now; null where standard output is none. */
export function terminalSize(): { readonly columns: number; readonly rows: number } | null {
  const { isTTY, columns, rows } = process.stdout;
  return isTTY && columns > 0 && rows > 0 ? { columns, rows } : null;
}

/**
 * Joins our own streams with those of a process until it ends, or lets us go. Errors: the daemon's, `unavailable` when it
 * ends meanwhile.
 */
export async function holdSession(wish: SessionWish): Promise<EndFrame> {
  const toDaemon = new PassThrough();
  toDaemon.write(frame(frameTypes.order, wish.order));
  const call = { socket: wish.socket, method: 'POST', path: wish.path, query: {}, body: toDaemon } as const;
  const answer = await openControl(call, new AbortController().signal);
  using held = new DisposableStack();
  let begun: BegunFrame | undefined;
  try {
    for await (const { type, payload } of readFrames(answer)) {
      if (type === frameTypes.begun) {
        begun = begunFrame.parse(JSON.parse(payload.toString('utf8')));
        take(held, wish, begun, toDaemon);
      } else if (type === frameTypes.stdout) await put(process.stdout, payload);
      else if (type === frameTypes.stderr) await put(process.stderr, payload);
      else if (type === frameTypes.end) return endFrame.parse(JSON.parse(payload.toString('utf8')));
    }
  } catch (error) {
    // Whoever read our output has had enough of it.
    if (errnoOf(error) === 'EPIPE') return { how: 'detached' };
    if (errnoOf(error) === 'ECONNRESET') throw cutOff(begun, error);
    throw error;
  } finally {
    toDaemon.end();
    answer.destroy();
  }
  throw cutOff(begun);
}

function cutOff(begun: BegunFrame | undefined, error?: unknown): Error {
  const name = begun?.name ?? 'it';
  return fail(
    'unavailable',
    `the daemon ended; ${name} is not touched by that: cricket attach ${name} goes on, cricket logs ${name} has the rest`,
    error,
  );
}

/** Our input, window and signals are the process's until the stack is disposed. */
function take(held: DisposableStack, wish: SessionWish, begun: BegunFrame, toDaemon: PassThrough): void {
  const { stdin, stdout } = process;
  if (wish.stdin) {
    const onData = (data: Buffer) => {
      if (toDaemon.write(frame(frameTypes.stdin, data))) return;
      stdin.pause();
      toDaemon.once('drain', () => stdin.resume());
    };
    const onEnd = () => {
      if (!toDaemon.writableEnded) toDaemon.write(frame(frameTypes.stdinEnd));
    };
    const raw = begun.tty && stdin.isTTY;
    const restore = () => {
      if (raw) stdin.setRawMode(false);
    };
    if (raw) stdin.setRawMode(true);
    process.once('exit', restore);
    stdin.on('data', onData).once('end', onEnd);
    held.defer(() => {
      restore();
      process.off('exit', restore);
      stdin.off('data', onData).off('end', onEnd);
      // A read that is under way would keep us.
      (stdin as Readable).destroy();
    });
  }
  if (begun.tty && stdout.isTTY) {
    const tell = () => {
      const size = terminalSize();
      if (size !== null && !toDaemon.writableEnded) toDaemon.write(frame(frameTypes.resize, size));
    };
    stdout.on('resize', tell);
    held.defer(() => void stdout.off('resize', tell));
    tell();
  }
  if (wish.passSignals) passSignals(held, wish.socket, begun.id);
}

function passSignals(held: DisposableStack, socket: string, object: string): void {
  let interrupts = 0;
  for (const name of passed) {
    const pass = () => {
      if (name === 'SIGINT' && ++interrupts >= patience) process.exit(130);
      const call = {
        socket,
        method: 'POST',
        path: killPath,
        query: { object, signal: name },
        body: undefined,
      } as const;
      // One that has ended meanwhile has no use for it.
      callControl(call, AbortSignal.timeout(10_000)).catch(() => undefined);
    };
    process.on(name, pass);
    held.defer(() => void process.off(name, pass));
  }
}

async function put(to: Writable, bytes: Buffer): Promise<void> {
  if (!to.write(bytes)) await once(to, 'drain');
}
