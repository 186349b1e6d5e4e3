import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { PassThrough } from 'node:stream';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errnoOf, fail, messageOf } from '../base/errors.ts';

/** Characters of what it says that are told again. */
const mostSaid = 2000;
/** What a stream to it says when it ended first: with all it needed, or with something to say. */
const closed: readonly (string | undefined)[] = ['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'];
const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
const always = ['--numeric-owner', '--xattrs', '--xattrs-include=security.capability'];

/**
 * `name`, a name in `directory` or `.`, as an archive by GNU tar, which follows no link below it and takes what is gone
 * meanwhile as gone. Read to its end or destroyed, it leaves no process. Errors, at the stream: `not_found` without tar.
 */
export function packTree(directory: string, name: string, options: readonly string[]): Readable {
  const args = ['--create', '--file=-', '--format=posix', ...always, ...options, '--', name];
  const child = spawn('tar', args, { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const out = new PassThrough();
  child.stdout.pipe(out, { end: false });
  out.once('close', () => child.kill('SIGKILL'));
  // 1: some file changed while it was read.
  endOf(child, [0, 1]).then(
    () => out.end(),
    (error: unknown) => out.destroy(error as Error),
  );
  return out;
}

/** Puts an archive below a directory by GNU tar. Errors: the source's, and what tar says. */
export async function unpackTree(source: Readable, directory: string, options: readonly string[]): Promise<void> {
  const args = ['--extract', '--file=-', ...always, ...options];
  const child = spawn('tar', args, { cwd: directory, env, stdio: ['pipe', 'ignore', 'pipe'] });
  const ended = endOf(child, [0]);
  ended.catch(() => undefined);
  try {
    await pipeline(source, child.stdin);
  } catch (error) {
    // One that has had enough closes its end: why, it says itself.
    if (!closed.includes(errnoOf(error))) {
      child.kill('SIGKILL');
      throw error;
    }
  }
  await ended;
}

async function endOf(child: ChildProcess, fine: readonly (number | null)[]): Promise<void> {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-mostSaid)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) =>
      reject(
        errnoOf(error) === 'ENOENT'
          ? fail('not_found', 'there is no program tar; install it: apt-get install tar', error)
          : fail('internal', `run tar: ${messageOf(error)}`, error),
      ),
    );
    child.once('close', resolve);
  });
  if (!fine.includes(code)) throw fail('unknown', `tar: ${said.trim() || `it ended with ${String(code)}`}`);
}
