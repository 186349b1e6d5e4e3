import { PassThrough, Writable } from 'node:stream';
import type { Readable } from 'node:stream';
import { errorFrom, fail } from '../../../base/errors.ts';
import type { ProcessSession } from '../../../sandbox/container/session.ts';
import { serveProcess } from '../../streaming/process/serve.ts';
import type { ServedEnd } from '../../streaming/process/serve.ts';
import type { RemoteStreams } from '../../streaming/process/streams.ts';
import type { ControlRequest } from '../verb.ts';
import { sizeFrame } from './answers.ts';
import type { BegunFrame, EndFrame } from './answers.ts';
import { frame, frameTypes, readFrames } from './frames.ts';
import type { Frame, FrameType } from './frames.ts';

/** A process to join a client with. */
export interface Sitting {
  readonly kind: 'exec' | 'attach';
  readonly begun: BegunFrame;
  readonly stdin: boolean;
  readonly open: (signal: AbortSignal) => Promise<ProcessSession>;
  /** What the client is told at the end; called when it is gone as well. */
  readonly end: (served: ServedEnd) => Promise<EndFrame>;
}

export type Frames = AsyncGenerator<Frame, void>;

/** The order at the beginning of a call, and what comes behind it. Errors: `invalid_argument` without one. */
export async function readOrder({
  body,
}: ControlRequest): Promise<{ readonly order: unknown; readonly frames: Frames }> {
  const frames = readFrames(body);
  const first = await frames.next();
  if (first.done === true || first.value.type !== frameTypes.order)
    throw fail('invalid_argument', 'a session begins with its order');
  try {
    return { order: JSON.parse(first.value.payload.toString('utf8')), frames };
  } catch (error) {
    throw fail('invalid_argument', 'the order of a session is no JSON', error);
  }
}

/** Joins the client with the process until one of them is gone. The answer is the daemon's frames. */
export function sit(sitting: Sitting, frames: Frames, gone: AbortSignal): Readable {
  const answer = new PassThrough();
  answer.write(frame(frameTypes.begun, sitting.begun));
  const stdin = new PassThrough();
  const sizes = new PassThrough();
  const remote: RemoteStreams = {
    stdin: sitting.stdin ? stdin : undefined,
    stdout: into(answer, frameTypes.stdout),
    stderr: sitting.begun.tty ? undefined : into(answer, frameTypes.stderr),
    sizes,
    gone,
    // The last frame says it, once more is known than the end of the session.
    finish: async () => undefined,
  };
  take(frames, sitting.stdin ? stdin : undefined, sizes).catch(() => stdin.end());
  void finish(sitting, remote, gone).then((end) => answer.end(frame(frameTypes.end, end)));
  return answer;
}

async function finish(sitting: Sitting, remote: RemoteStreams, gone: AbortSignal): Promise<EndFrame> {
  try {
    const served = await serveProcess(remote, sitting.kind, sitting.open, gone);
    return await sitting.end(served);
  } catch (error) {
    return { how: 'failed', message: errorFrom(error).message };
  }
}

/** Who reads too slowly makes the process wait; of who is gone nothing is waited for. */
function into(answer: PassThrough, type: FrameType): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => void answer.write(frame(type, chunk), () => done()),
  });
}

async function take(frames: Frames, stdin: PassThrough | undefined, sizes: PassThrough): Promise<void> {
  for await (const { type, payload } of frames) {
    if (type === frameTypes.stdin && stdin?.write(payload) === false) await drained(stdin);
    if (type === frameTypes.stdinEnd) stdin?.end();
    if (type !== frameTypes.resize) continue;
    const { columns, rows } = sizeFrame.parse(JSON.parse(payload.toString('utf8')));
    sizes.write(JSON.stringify({ Width: columns, Height: rows }));
  }
}

async function drained(stream: PassThrough): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const event of ['drain', 'close', 'finish'] as const) stream.once(event, () => resolve());
  await promise;
}
