import { parentPort } from 'node:worker_threads';
import { errnoOf, errorFrom } from '../../base/errors.ts';
import type { ErrorCode } from '../../base/errors.ts';

/** What a Worker can do, by name. Arguments and results are copied between threads: plain data only. */
export type Tasks = Record<string, (argument: never) => unknown>;

export interface Call {
  readonly id: number;
  readonly task: string;
  readonly argument: unknown;
}

/** Said once: the Worker can take calls. */
export interface Ready {
  readonly ready: true;
}

export type Reply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | {
      readonly id: number;
      readonly ok: false;
      readonly code: ErrorCode;
      readonly message: string;
      readonly errno: string | undefined;
    };

/** The Worker's side: answers each call with the task's result or its error. */
export function serveTasks(tasks: Tasks): void {
  parentPort?.on('message', (call: Call) => {
    void answer(tasks, call).then((reply) => parentPort?.postMessage(reply, movable(reply)));
  });
  parentPort?.postMessage({ ready: true } satisfies Ready);
}

async function answer(tasks: Tasks, call: Call): Promise<Reply> {
  try {
    const task = tasks[call.task] as ((argument: unknown) => unknown) | undefined;
    if (task === undefined) throw new Error(`no task ${call.task}`);
    return { id: call.id, ok: true, value: await task(call.argument) };
  } catch (thrown) {
    const error = errorFrom(thrown);
    return { id: call.id, ok: false, code: error.code, message: error.message, errno: errnoOf(thrown) };
  }
}

const given = new WeakSet<Uint8Array>();

/** Says of a part of a buffer that nobody else uses the rest of it. */
export function give(bytes: Uint8Array): Uint8Array {
  given.add(bytes);
  return bytes;
}

/** Bytes that have a buffer to themselves go over as they are: to copy megabytes would hold up the main thread. */
function movable(reply: Reply): ArrayBuffer[] {
  if (!reply.ok || !(reply.value instanceof Uint8Array)) return [];
  const { buffer, byteLength } = reply.value;
  const isOwn = given.has(reply.value) || buffer.byteLength === byteLength;
  return buffer instanceof ArrayBuffer && isOwn ? [buffer] : [];
}
