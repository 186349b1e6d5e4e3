/** A tar writer whose output depends on its input alone: same entries, same bytes, on every machine. */

/** Every time stamp of everything we build: 2023-11-14T22:13:20Z. */
export const buildTime = 1_700_000_000;

interface Common {
  readonly path: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Extended attributes by full name (`security.capability`), written as GNU tar and the OCI tools do. */
  readonly xattrs?: Readonly<Record<string, Uint8Array>>;
}

export type TarEntry =
  | (Common & { readonly kind: 'dir' })
  | (Common & { readonly kind: 'file'; readonly data: Uint8Array | string })
  | (Common & { readonly kind: 'symlink'; readonly target: string })
  | (Common & { readonly kind: 'hardlink'; readonly target: string })
  | (Common & { readonly kind: 'fifo' })
  | (Common & { readonly kind: 'char' | 'block'; readonly major: number; readonly minor: number });

type Kind = TarEntry['kind'];

const block = 512;
const typeflags = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  dir: '5',
  fifo: '6',
} as const satisfies Record<Kind, string>;
const defaultModes: Record<Kind, number> = {
  file: 0o644,
  hardlink: 0o644,
  symlink: 0o777,
  char: 0o600,
  block: 0o600,
  dir: 0o755,
  fifo: 0o644,
};

/** Writes entries in the given order; a name that does not fit a ustar header gets a pax one. Throws RangeError on ids above 2097151. */
export function encodeTar(entries: Iterable<TarEntry>): Buffer {
  const chunks: Buffer[] = [];
  for (const entry of entries) {
    const data = contentOf(entry);
    const name = entry.kind === 'dir' ? `${entry.path}/` : entry.path;
    const link = 'target' in entry ? entry.target : '';
    const pax = paxRecords(entry, name, link);
    if (pax.length > 0) chunks.push(header({ name: 'pax', typeflag: 'x', size: pax.length }), padded(pax));
    chunks.push(
      header({
        name,
        link,
        typeflag: typeflags[entry.kind],
        size: data.length,
        mode: entry.mode ?? defaultModes[entry.kind],
        uid: entry.uid ?? 0,
        gid: entry.gid ?? 0,
        major: 'major' in entry ? entry.major : 0,
        minor: 'minor' in entry ? entry.minor : 0,
      }),
      padded(data),
    );
  }
  chunks.push(Buffer.alloc(2 * block));
  return Buffer.concat(chunks);
}

function contentOf(entry: TarEntry): Buffer {
  if (entry.kind !== 'file') return Buffer.alloc(0);
  return typeof entry.data === 'string' ? Buffer.from(entry.data) : Buffer.from(entry.data);
}

function padded(data: Buffer): Buffer {
  const rest = data.length % block;
  return rest === 0 ? data : Buffer.concat([data, Buffer.alloc(block - rest)]);
}

function paxRecords(entry: TarEntry, name: string, link: string): Buffer {
  const records: Buffer[] = [];
  if (Buffer.byteLength(name) > 100) records.push(paxRecord('path', Buffer.from(name)));
  if (Buffer.byteLength(link) > 100) records.push(paxRecord('linkpath', Buffer.from(link)));
  for (const [key, value] of Object.entries(entry.xattrs ?? {}).sort())
    records.push(paxRecord(`SCHILY.xattr.${key}`, Buffer.from(value)));
  return Buffer.concat(records);
}

/** A pax record begins with its own length in decimal, those digits counted in. */
function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

interface HeaderFields {
  readonly name: string;
  readonly typeflag: string;
  readonly size: number;
  readonly link?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly major?: number;
  readonly minor?: number;
}

/** The POSIX ustar header block; octal fields end in NUL, the checksum is computed over itself as spaces. */
function header(f: HeaderFields): Buffer {
  const out = Buffer.alloc(block);
  out.write(f.name, 0, 100);
  octal(out, f.mode ?? 0o644, 100, 8);
  octal(out, f.uid ?? 0, 108, 8);
  octal(out, f.gid ?? 0, 116, 8);
  octal(out, f.size, 124, 12);
  octal(out, buildTime, 136, 12);
  out.write('        ', 148);
  out.write(f.typeflag, 156);
  out.write(f.link ?? '', 157, 100);
  out.write('ustar\0' + '00', 257, 'latin1');
  octal(out, f.major ?? 0, 329, 8);
  octal(out, f.minor ?? 0, 337, 8);
  const sum = out.reduce((total, byte) => total + byte, 0);
  out.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return out;
}

function octal(out: Buffer, value: number, offset: number, width: number): void {
  const digits = value.toString(8).padStart(width - 1, '0');
  if (digits.length > width - 1)
    throw new RangeError(`${String(value)} does not fit a tar field of ${String(width)} bytes`);
  out.write(`${digits}\0`, offset, 'latin1');
}
