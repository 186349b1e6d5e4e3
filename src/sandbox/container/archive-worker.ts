import { createReadStream } from 'node:fs';
import { errorFrom, fail } from '../../base/errors.ts';
import { TarReader } from '../../image/layers/tar-reader.ts';
import { closeFd, isThere, openDirectory, openFlags, openInRoot } from '../../linux/fs-at.ts';
import { makingFilesOf } from '../../linux/credentials.ts';
import { startTimeOf } from '../../linux/pidfd.ts';
import type { UserMaps } from '../../linux/user-namespace.ts';
import { serveTasks } from '../../linux/worker/serve.ts';
import { ArchiveSink } from './archive-sink.ts';
import type { Placement } from './archive-sink.ts';
import type { ProcessIdentity } from './state.ts';

/** How an archive is put to a path; see archive.ts. */
export type PutMode = 'within' | 'one' | 'contents';

export interface PutOrder {
  readonly init: ProcessIdentity;
  readonly path: string;
  readonly mode: PutMode;
  readonly file: string;
  /** Those of the container's user namespace; null: the host's. */
  readonly users: UserMaps | null;
}

export interface Source {
  /** A descriptor that whoever asked closes. */
  readonly directory: number;
  readonly name: string;
}

/** What reads and writes a container's files; a file system in it may never answer. */
export const archiveTasks = {
  /** The directory that a path is in, and its name there: `.` for the root, and for `/path/.`. */
  locate({ init, path }: { readonly init: ProcessIdentity; readonly path: string }): Source {
    const base = openRootOf(init);
    try {
      const words = wordsOf(path);
      const name = path.endsWith('/.') ? undefined : words.pop();
      const directory = openInRoot(base, `./${words.join('/')}`, openFlags.directory);
      if (directory === undefined) throw absent(path);
      if (name === undefined) return { directory, name: '.' };
      if (isThere(directory, name)) return { directory, name: Buffer.from(name, 'latin1').toString('utf8') };
      closeFd(directory);
      throw absent(path);
    } finally {
      closeFd(base);
    }
  },
  async put(order: PutOrder): Promise<void> {
    const root = openRootOf(order.init);
    try {
      using sink = new ArchiveSink(root, placementOf(root, order), order.users);
      const reader = new TarReader(sink);
      try {
        for await (const piece of createReadStream(order.file, { highWaterMark: 1 << 20 }))
          makingFilesOf(sink.owner, () => reader.write(piece as Buffer));
        makingFilesOf(sink.owner, () => reader.end());
      } catch (thrown) {
        const { code, message } = errorFrom(thrown);
        const before = sink.made === 0 ? 'nothing was copied' : `of the archive only the first ${sink.made} are there`;
        throw fail(code, `${message}; ${before}`, thrown);
      }
    } finally {
      closeFd(root);
    }
  },
};
export type ArchiveTasks = typeof archiveTasks;

serveTasks(archiveTasks);

/** The root that a process sees. Its number may have been given to another one by now. */
function openRootOf({ pid, start }: ProcessIdentity): number {
  const root = openDirectory(`/proc/${pid}/root`);
  if (startTimeOf(pid) === start) return root;
  closeFd(root);
  throw fail('failed_precondition', 'the container has ended meanwhile');
}

function placementOf(root: number, { path, mode }: PutOrder): Placement {
  const words = wordsOf(path);
  const fd = openInRoot(root, `./${words.join('/')}`, openFlags.directory);
  if (fd !== undefined) {
    closeFd(fd);
    return { directory: words, rename: undefined };
  }
  if (mode === 'contents') return { directory: words, rename: undefined };
  if (mode === 'within' || path.endsWith('/'))
    throw fail('not_found', `there is no directory ${path} in the container`);
  const above = openInRoot(root, `./${words.slice(0, -1).join('/')}`, openFlags.directory);
  if (above === undefined)
    throw fail('not_found', `there is no directory above ${path} in the container; make it first`);
  closeFd(above);
  return { directory: words.slice(0, -1), rename: words.at(-1) };
}

/** As `/` is the root whatever comes: `..` is left to the kernel, which stays inside. */
const wordsOf = (path: string): string[] =>
  Buffer.from(path)
    .toString('latin1')
    .split('/')
    .filter((word) => word !== '' && word !== '.');

const absent = (path: string) => fail('not_found', `there is no ${path} in the container`);
