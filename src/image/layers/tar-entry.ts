import { fail } from '../../base/errors.ts';
import type { FileTime } from '../../linux/fs-at.ts';
import type { TarHeader } from './tar-header.ts';
import { parsePaxNumber, parsePaxTime } from './tar-pax.ts';
import type { SparseMap } from './tar-sparse.ts';

export type EntryType = 'file' | 'link' | 'symlink' | 'char' | 'block' | 'directory' | 'fifo';

/** One member of an archive with every extension applied. Texts are latin1: one character per byte. */
export interface TarEntry {
  readonly type: EntryType;
  readonly name: string;
  readonly linkName: string;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of data that follow; 0 for all but files. */
  readonly size: number;
  readonly mtime: FileTime;
  readonly major: number;
  readonly minor: number;
  readonly xattrs: ReadonlyMap<string, Buffer>;
  /** Where the data belongs in a file that has holes; undefined: one byte after the other. */
  readonly sparse: SparseMap | undefined;
}

const types: Readonly<Record<string, EntryType>> = {
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};
/** -1 means "leave it" to chown. */
const largestId = 0xfffffffe;
const xattrKey = 'SCHILY.xattr.';
const noXattrs: ReadonlyMap<string, Buffer> = new Map();

/** What precedes a header and overrides it. */
export interface Extensions {
  readonly pax: ReadonlyMap<string, string>;
  readonly longName: string | undefined;
  readonly longLink: string | undefined;
}

export const noExtensions: Extensions = { pax: new Map(), longName: undefined, longLink: undefined };

/** Errors: `invalid_argument` for a type or a number that cannot be. */
export function composeEntry(header: TarHeader, extensions: Extensions): TarEntry {
  const { pax } = extensions;
  const name = pax.get('GNU.sparse.name') ?? pax.get('path') ?? extensions.longName ?? header.name;
  const about = `layer entry ${JSON.stringify(name.slice(0, 200))}`;
  const type = types[header.type];
  if (type === undefined)
    throw fail('invalid_argument', `${about} has the unknown type ${JSON.stringify(header.type)}`);
  // v7 tar has no type for directories: a trailing slash says it.
  const settled = type === 'file' && name.endsWith('/') ? 'directory' : type;
  const entry: TarEntry = {
    type: settled,
    name,
    linkName: pax.get('linkpath') ?? extensions.longLink ?? header.linkName,
    mode: header.mode,
    uid: numeric(pax.get('uid'), header.uid),
    gid: numeric(pax.get('gid'), header.gid),
    size: type === 'file' ? numeric(pax.get('size'), header.size) : 0,
    mtime: parsePaxTime(pax.get('mtime') ?? '') ?? { seconds: header.mtime, nanos: 0 },
    major: header.major,
    minor: header.minor,
    xattrs: xattrsOf(pax),
    sparse: undefined,
  };
  if (entry.size < 0 || outside(entry.uid) || outside(entry.gid))
    throw fail('invalid_argument', `${about} has a size, uid or gid out of range`);
  return entry;
}

const numeric = (text: string | undefined, otherwise: number) =>
  text === undefined ? otherwise : parsePaxNumber(text);
const outside = (id: number) => id < 0 || id > largestId;

function xattrsOf(pax: ReadonlyMap<string, string>): ReadonlyMap<string, Buffer> {
  if (pax.size === 0) return noXattrs;
  const found = new Map<string, Buffer>();
  for (const [key, value] of pax)
    if (key.startsWith(xattrKey)) found.set(key.slice(xattrKey.length), Buffer.from(value, 'latin1'));
  return found;
}
