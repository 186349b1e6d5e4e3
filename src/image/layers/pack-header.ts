/** What a member of a layer's archive says of itself; texts are latin1, one character a byte. */
export interface PackedEntry {
  readonly name: string;
  /** '0' file, '1' hard link, '2' symbolic link, '3' and '4' devices, '5' directory, '6' pipe. */
  readonly type: '0' | '1' | '2' | '3' | '4' | '5' | '6';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly linkName: string;
  readonly major: number;
  readonly minor: number;
  readonly xattrs: readonly (readonly [name: string, value: Buffer])[];
}

const block = 512;

/** The header of a member, ustar with what does not fit in PAX records before it (pax(1), POSIX.1-2001). */
export function packedHeader(entry: PackedEntry): Buffer {
  const records = recordsOf(entry);
  if (records.length === 0) return ustar(entry);
  const body = Buffer.concat(records);
  const plain = {
    ...entry,
    name: 'PaxHeaders/0',
    linkName: '',
    size: body.length,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: 0,
  };
  return Buffer.concat([ustar({ ...plain, type: '0' }, 'x'), body, packedPadding(body.length), ustar(entry)]);
}

/** What fills the last block. */
export const packedPadding = (size: number): Buffer => Buffer.alloc((block - (size % block)) % block);

function recordsOf(entry: PackedEntry): Buffer[] {
  const records: Buffer[] = [];
  const add = (key: string, value: Buffer) => records.push(record(key, value));
  const text = (value: string | number) => Buffer.from(String(value), 'latin1');
  if (entry.mtime < 0 || entry.mtime >= 8 ** 11) add('mtime', text(entry.mtime));
  if (entry.uid >= 8 ** 7) add('uid', text(entry.uid));
  if (entry.gid >= 8 ** 7) add('gid', text(entry.gid));
  if (entry.size >= 8 ** 11) add('size', text(entry.size));
  if (entry.name.length > 100) add('path', text(entry.name));
  if (entry.linkName.length > 100) add('linkpath', text(entry.linkName));
  for (const [name, value] of entry.xattrs) add(`SCHILY.xattr.${name}`, value);
  return records;
}

/** `LENGTH KEY=VALUE\n`, its own length included. */
function record(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`, 'latin1'), value, Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function ustar(entry: PackedEntry, type: string = entry.type): Buffer {
  const head = Buffer.alloc(block);
  const octal = (value: number, at: number, width: number) => {
    const shown = value < 0 || value >= 8 ** (width - 1) ? 0 : value;
    head.write(`${shown.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1');
  };
  head.write(entry.name.slice(0, 100), 0, 'latin1');
  octal(entry.mode, 100, 8);
  octal(entry.uid, 108, 8);
  octal(entry.gid, 116, 8);
  octal(entry.size, 124, 12);
  octal(entry.mtime, 136, 12);
  head.write('        ', 148, 'latin1');
  head.write(type, 156, 'latin1');
  head.write(entry.linkName.slice(0, 100), 157, 'latin1');
  head.write('ustar\x0000', 257, 'latin1');
  octal(entry.major, 329, 8);
  octal(entry.minor, 337, 8);
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return head;
}
