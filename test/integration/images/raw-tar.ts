/** Tar blocks by hand, for what no tar program writes. */

const block = 512;

export interface RawHeader {
  readonly name?: string;
  readonly type?: string;
  readonly link?: string;
  /** Each as it is written into its field. */
  readonly size?: number | string | Buffer;
  readonly uid?: string | Buffer;
  readonly mode?: string;
  /** Bytes at offsets of the header, set before the checksum is. */
  readonly bytes?: Readonly<Record<number, string | Buffer>>;
  readonly checksum?: string;
}

const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;

/** One header with a checksum that holds unless another is given. */
export function rawHeader(header: RawHeader): Buffer {
  const { name = 'entry', type = '0', link = '', size = 0, uid = octal(0, 8), mode = octal(0o644, 8) } = header;
  const bytes = Buffer.alloc(block);
  bytes.write(name, 0, 100, 'latin1');
  bytes.write(mode, 100, 'latin1');
  Buffer.from(uid).copy(bytes, 108);
  bytes.write(octal(0, 8), 116, 'latin1');
  Buffer.from(typeof size === 'number' ? octal(size, 12) : size).copy(bytes, 124);
  bytes.write(octal(1_700_000_000, 12), 136, 'latin1');
  bytes.write(type, 156, 'latin1');
  bytes.write(link, 157, 100, 'latin1');
  bytes.write('ustar\0' + '00', 257, 'latin1');
  for (const [offset, value] of Object.entries(header.bytes ?? {})) Buffer.from(value).copy(bytes, Number(offset));
  bytes.write(' '.repeat(8), 148, 'latin1');
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(header.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
}

export function padded(data: Buffer | string): Buffer {
  const bytes = Buffer.from(data);
  return Buffer.concat([bytes, Buffer.alloc((block - (bytes.length % block)) % block)]);
}

export const rawMember = (header: RawHeader, data: Buffer | string): Buffer =>
  Buffer.concat([rawHeader({ size: Buffer.from(data).length, ...header }), padded(data)]);

/** A PAX record with its right length. */
export function paxRecord(key: string, value: string | Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

export const pax = (...records: readonly Buffer[]): Buffer =>
  rawMember({ name: 'pax', type: 'x' }, Buffer.concat(records));

/** A number that octal cannot hold, as GNU tar writes it. */
export function base256(value: bigint, width: number): Buffer {
  const bytes = Buffer.alloc(width);
  for (let at = width - 1, rest = BigInt.asUintN(width * 8, value); at >= 0; at -= 1, rest >>= 8n)
    bytes[at] = Number(rest & 0xffn);
  bytes[0] = (bytes[0] ?? 0) | 0x80;
  return bytes;
}
