import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { PassThrough, Writable } from 'node:stream';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errnoOf, fail, messageOf } from '../base/errors.ts';

/** Characters of what it says that are told again. */
const mostSaid = 2000;
const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
const always = ['--numeric-owner', '--xattrs', '--xattrs-include=security.capability'];

/**
 * `name`, a name in `directory` or `.`, as an archive by GNU tar, which follows no link below it and takes what is gone
 * meanwhile as gone. Read to its end or destroyed, it leaves no process. Errors, at the stream: `not_found` without tar.
 */
export function packTree(
  directory: string,
  name: string,
  options: readonly string[],
  userNamespace?: string,
): Readable {
  const args = ['tar', '--create', '--file=-', '--format=posix', ...always, ...options, '--', name];
  // There it sees the owners that whoever is in it sees.
  const [program = '', ...words] = userNamespace === undefined ? args : ['nsenter', `--user=${userNamespace}`, ...args];
  const child = spawn(program, words, { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] });
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

/**
 * Puts an archive below a directory by GNU tar, which is done at the archive's end mark: what comes after it is read
 * for how it ends. Errors: the source's, and what tar says.
 */
export async function unpackTree(source: Readable, directory: string, options: readonly string[]): Promise<void> {
  const args = ['--extract', '--file=-', ...always, ...options];
  const child = spawn('tar', args, { cwd: directory, env, stdio: ['pipe', 'ignore', 'pipe'] });
  const sink = draining(child.stdin);
  const ended = endOf(child, [0]);
  ended.catch((error: unknown) => sink.destroy(error as Error));
  try {
    await pipeline(source, sink);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  await ended;
}

/** What is written goes on to `target`, and is thrown away once that is gone: why it went, it says itself. */
function draining(target: Writable): Writable {
  let waiting: (() => void) | undefined;
  // A write that is under way when its stream closes is not always called back.
  const go = () => {
    const done = waiting;
    waiting = undefined;
    done?.();
  };
  target.on('error', go).on('close', go);
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      waiting = done;
      if (target.destroyed) go();
      else target.write(chunk, go);
    },
    final(done) {
      target.end();
      done();
    },
  });
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
