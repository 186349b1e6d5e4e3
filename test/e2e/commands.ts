import { spawn } from 'node:child_process';
import { join } from 'node:path';

export const repository = join(import.meta.dirname, '../..');

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a command from the top of the repository to its end; `signal` interrupts it as Ctrl-C does, with all it started. */
export async function run(command: string, args: readonly string[], signal?: AbortSignal): Promise<Ended> {
  const child = spawn(command, args, { cwd: repository, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
  const interrupt = () => child.pid !== undefined && process.kill(-child.pid, 'SIGINT');
  signal?.addEventListener('abort', interrupt, { once: true });
  // Starting a process may itself take longer than the signal gives.
  if (signal?.aborted === true) interrupt();
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    // Not `close`: a service started by the command may hold its output.
    child.once('exit', resolve);
  });
  signal?.removeEventListener('abort', interrupt);
  return { code, ...texts };
}

/** The same, and throws unless it ends well. */
export async function succeed(command: string, args: readonly string[] = []): Promise<Ended> {
  const ended = await run(command, args);
  if (ended.code !== 0) throw new Error(`${command} ended with ${String(ended.code)}:\n${ended.out}\n${ended.err}`);
  return ended;
}
