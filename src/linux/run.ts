import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { abortError, throwIfAborted } from '../base/abort.ts';
import { errnoOf, fail, messageOf } from '../base/errors.ts';

export interface Ran {
  /** Exit code; 128 + n for a signal. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly signal: AbortSignal;
  /** Written to its standard input. */
  readonly input?: string | Uint8Array;
  /** It gets a process group of its own, and the signal kills all of it: for programs that start others. */
  readonly group?: boolean;
}

/** Bytes of each stream that are kept; the rest is read and dropped. */
const limit = 4 * 1024 * 1024;

/**
 * Runs a program to its end, for commands that a person waits for: it forks this process, so the daemon's hot
 * paths use spawnProcess. The signal kills it. Errors: `not_found` when there is no such program.
 */
export async function runCommand(path: string, args: readonly string[], options: RunOptions): Promise<Ran> {
  throwIfAborted(options.signal);
  const { group = false } = options;
  const child = spawn(path, args, { stdio: 'pipe', env: { PATH: searchPath, LC_ALL: 'C' }, detached: group });
  const { promise: ended, resolve, reject } = Promise.withResolvers<number>();
  const onAbort = () => (group ? killGroup(child.pid) : child.kill('SIGKILL'));
  options.signal.addEventListener('abort', onAbort, { once: true });
  child.once('error', (error) => {
    const code = errnoOf(error) === 'ENOENT' ? 'not_found' : 'internal';
    reject(fail(code, `run ${path}: ${messageOf(error)}`, error));
  });
  child.once('close', (code, killedBy) => resolve(code ?? (killedBy === null ? 255 : 128 + signalNumber(killedBy))));
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  // A program that ends without reading its input is no error of ours; its exit code tells.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input);
  try {
    const code = await ended;
    if (options.signal.aborted) throw abortError(options.signal);
    return { code, stdout: stdout(), stderr: stderr() };
  } finally {
    options.signal.removeEventListener('abort', onAbort);
  }
}

function killGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

/** Where programs without a path are looked for: sbin is not in everybody's. */
const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    if (size < limit) chunks.push(chunk);
    size += chunk.length;
  });
  return () => Buffer.concat(chunks).subarray(0, limit).toString();
}

function signalNumber(name: NodeJS.Signals): number {
  return constants.signals[name];
}
