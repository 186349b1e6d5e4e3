import { open, stat } from 'node:fs/promises';
import { fail } from '../base/errors.ts';
import { closeFd, openDirectory, openFlags, openInRoot } from '../linux/fs-at.ts';

/** A line of etc/passwd. */
export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** A line of etc/group. */
export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

export interface ImageUser {
  readonly uid: number;
  readonly gid: number;
  /** Groups of etc/group whose member list names the user; without the main one. */
  readonly groups: readonly number[];
  /** '' when etc/passwd does not know the uid. */
  readonly name: string;
  /** `/` when etc/passwd does not know the uid. */
  readonly home: string;
}

const largestFile = 4 << 20;
const largestId = 0xfffffffe;

/**
 * What `user`, `uid`, `user:group`, `uid:gid` mean in the image unpacked or mounted at `root`; '' is uid 0.
 * A number needs no entry: its group is then 0. Errors: `not_found` for a name that the image does not have,
 * `invalid_argument` for a number out of range, `failed_precondition` for a passwd or group file that is none.
 */
export async function resolveUser(root: string, spec: string): Promise<ImageUser> {
  const [user = '', group] = spec.split(':', 2);
  const passwd = await readPasswd(root);
  const groups = await readGroups(root);
  const wanted = user === '' ? '0' : user;
  // A name of digits only is a name if passwd has it, as in POSIX chown.
  const entry = passwd.find(({ name }) => name === wanted) ?? passwd.find(({ uid }) => uid === parseId(wanted));
  const uid = entry?.uid ?? parseId(wanted);
  if (uid === undefined) throw fail('not_found', `user ${JSON.stringify(wanted)} is not in etc/passwd of the image`);
  const name = entry?.name ?? '';
  return {
    uid,
    gid: group === undefined || group === '' ? (entry?.gid ?? 0) : findGroup(group, groups),
    groups: name === '' ? [] : groups.filter(({ members }) => members.includes(name)).map(({ gid }) => gid),
    name,
    home: entry?.home === undefined || entry.home === '' ? '/' : entry.home,
  };
}

function findGroup(text: string, groups: readonly GroupEntry[]): number {
  const gid = groups.find(({ name }) => name === text)?.gid ?? parseId(text);
  if (gid === undefined) throw fail('not_found', `group ${JSON.stringify(text)} is not in etc/group of the image`);
  return gid;
}

/** Undefined for what is no number. Errors: `invalid_argument` for a number that cannot be an id. */
function parseId(text: string): number | undefined {
  if (!/^[0-9]+$/.test(text)) return undefined;
  const id = Number(text);
  if (id > largestId) throw fail('invalid_argument', `id ${text.slice(0, 30)} is out of range; at most ${largestId}`);
  return id;
}

/** All well-formed lines of etc/passwd; none when the image has no such file. */
export async function readPasswd(root: string): Promise<readonly PasswdEntry[]> {
  return parseLines(await readInImage(root, 'etc/passwd'), ([name, , uid, gid, , home]) => {
    const [user, group] = [safeId(uid), safeId(gid)];
    if (name === undefined || user === undefined || group === undefined) return undefined;
    return { name, uid: user, gid: group, home: home ?? '' };
  });
}

/** All well-formed lines of etc/group; none when the image has no such file. */
export async function readGroups(root: string): Promise<readonly GroupEntry[]> {
  return parseLines(await readInImage(root, 'etc/group'), ([name, , gid, members]) => {
    const group = safeId(gid);
    if (name === undefined || group === undefined) return undefined;
    return { name, gid: group, members: (members ?? '').split(',').filter((member) => member !== '') };
  });
}

function safeId(text: string | undefined): number | undefined {
  const id = /^[0-9]{1,10}$/.test(text ?? '') ? Number(text) : undefined;
  return id !== undefined && id <= largestId ? id : undefined;
}

function parseLines<T>(text: string, parse: (fields: readonly (string | undefined)[]) => T | undefined): readonly T[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return lines.map((line) => parse(line.trim().split(':'))).filter((entry) => entry !== undefined);
}

/**
 * A file of an image, read as a stranger's: links stay inside the root, a fifo or a device is neither waited
 * for nor read, the length is limited. '' when it is absent. Errors: `failed_precondition`.
 */
export async function readInImage(root: string, path: string): Promise<string> {
  const top = openDirectory(root);
  const fd = openInRoot(top, path, openFlags.pathOnly);
  closeFd(top);
  if (fd === undefined) return '';
  try {
    // First a descriptor that opens nothing: a device must not even be opened.
    const proc = `/proc/self/fd/${fd}`;
    if (!(await stat(proc)).isFile()) throw fail('failed_precondition', `${path} of the image is no regular file`);
    await using file = await open(proc, openFlags.nonBlocking);
    const { size } = await file.stat();
    if (size > largestFile)
      throw fail('failed_precondition', `${path} of the image has more than ${largestFile} bytes`);
    const buffer = Buffer.alloc(size);
    const { bytesRead } = await file.read(buffer, 0, size, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    closeFd(fd);
  }
}
