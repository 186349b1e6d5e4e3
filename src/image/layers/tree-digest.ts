import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { closeSync, constants, lstatSync, openSync, readSync, readdirSync, readlinkSync } from 'node:fs';
import { readFileSync, writeFileSync } from 'node:fs';
import { errnoOf } from '../../base/errors.ts';

/** Where the digest of a layer's files stands: beside the directory it was unpacked into. */
const treeDigestPath = (target: string): string => `${target}.digest`;

const pieceBytes = 1 << 20;

/**
 * Writes down what a layer's files are, for one that cannot be compared with its archive (see TarRecorder): every name
 * with its type, mode, owner and content.
 */
export function rememberTree(target: string): void {
  writeFileSync(treeDigestPath(target), digestOfTree(target), { mode: 0o600 });
}

/** Whether the files are what they were; undefined where nobody wrote that down. */
export function isTreeAsRemembered(target: string): boolean | undefined {
  try {
    return readFileSync(treeDigestPath(target), 'utf8') === digestOfTree(target);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function digestOfTree(target: string): string {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(pieceBytes);
  const root = Buffer.from(target);
  const waiting: Buffer[] = [root];
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    const names = readdirSync(directory, { encoding: 'buffer' }).sort((one, other) => one.compare(other));
    for (const name of names) {
      const path = Buffer.concat([directory, Buffer.from('/'), name]);
      const { mode, uid, gid, rdev } = lstatSync(path);
      // Lengths first: no two trees give the same bytes.
      hash.update(`${path.length - root.length} ${mode} ${uid} ${gid} ${rdev} `);
      hash.update(path.subarray(root.length));
      const type = mode & constants.S_IFMT;
      if (type === constants.S_IFDIR) waiting.push(path);
      else if (type === constants.S_IFREG) hashFile(path, piece, hash);
      else if (type === constants.S_IFLNK) hash.update(readlinkSync(path, { encoding: 'buffer' }));
    }
  }
  return hash.digest('hex');
}

function hashFile(path: Buffer, piece: Buffer, into: Hash): void {
  const content = createHash('sha256');
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    for (let read = readSync(fd, piece); read > 0; read = readSync(fd, piece)) content.update(piece.subarray(0, read));
  } finally {
    closeSync(fd);
  }
  into.update(content.digest());
}
