import { randomBytes } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { encodeTar } from '../../../hack/lib/oci/tar.ts';
import { base256, pax, paxRecord, rawHeader, rawMember } from './raw-tar.ts';

export const whole = encodeTar([{ kind: 'file', path: 'a', data: randomBytes(300_000) }]);
const sparse = (map: string, size: number, data: string) =>
  Buffer.concat([
    pax(
      paxRecord('GNU.sparse.major', '0'),
      paxRecord('GNU.sparse.size', String(size)),
      paxRecord('GNU.sparse.map', map),
    ),
    rawMember({}, data),
  ]);
const sparseHead = (head: string, size: number) =>
  Buffer.concat([
    pax(paxRecord('GNU.sparse.major', '1'), paxRecord('GNU.sparse.realsize', String(size))),
    rawMember({}, head.padEnd(512, '\0')),
  ]);
const oldSparse = (regions: string, continued = '\0') =>
  rawHeader({ type: 'S', bytes: { 386: regions, 482: continued, 483: '00000010000\0' } });

/** One raw block of a frame that states its window as 2^log bytes (RFC 8878, 3.1.1.1.2). */
export function zstdFrame(log: number): Buffer {
  const data = Buffer.alloc(1024);
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (log - 10) << 3, 0, 0, 0]);
  head.writeUIntLE((data.length << 3) | 1, 6, 3);
  return Buffer.concat([head, data]);
}

/** Layers no tool writes: each is refused by what is said of it, and makes no more than what came before it. */
export const hostileBlobs: Readonly<Record<string, readonly [blob: Buffer, said: RegExp]>> = {
  'a header with a wrong checksum': [rawHeader({ checksum: '0000000\0' }), /wrong checksum/],
  'a number that is none': [rawHeader({ size: 'zzzzzzzzzzz\0' }), /bad number/],
  'a negative size': [rawHeader({ size: base256(-5n, 12) }), /out of range/],
  'a size beyond all numbers': [rawHeader({ size: base256(1n << 80n, 12) }), /out of range/],
  'a uid beyond 32 bit': [rawHeader({ uid: base256(1n << 40n, 8) }), /out of range/],
  'the uid that means nobody changes': [rawHeader({ uid: base256(0xffffffffn, 8) }), /out of range/],
  'a type that nobody knows': [rawHeader({ type: 'Z' }), /unknown type/],
  'a member that ends in the middle': [rawHeader({ size: 5000 }), /middle of a tar entry/],
  'a PAX header that lies about its length': [rawMember({ type: 'x' }, '99 path=x\n'), /damaged PAX/],
  'a PAX header without an end': [rawMember({ type: 'x' }, '10 path=xyz'), /damaged PAX/],
  'a PAX name with a zero in it': [pax(paxRecord('path', 'a\0b')), /damaged PAX/],
  'a PAX name that climbs out': [Buffer.concat([pax(paxRecord('path', '../../x')), rawHeader({})]), /leads out/],
  'a PAX link that climbs out': [
    Buffer.concat([pax(paxRecord('linkpath', '../../x')), rawHeader({ type: '1' })]),
    /leads out/,
  ],
  'a PAX size that is no number': [pax(paxRecord('size', '-1')), /damaged PAX/],
  'a PAX uid that is too large': [Buffer.concat([pax(paxRecord('uid', '4294967295')), rawHeader({})]), /out of range/],
  'a PAX header of 2 MiB': [rawHeader({ type: 'x', size: 2 << 20 }), /extended header of/],
  'a hundred PAX headers in a row': [
    Buffer.concat(Array.from({ length: 100 }, () => pax(paxRecord('comment', 'x')))),
    /in a row/,
  ],
  'a PAX header before nothing': [pax(paxRecord('path', 'x')), /middle of a tar entry/],
  'a GNU name that climbs out': [
    Buffer.concat([rawMember({ name: '././@LongLink', type: 'L' }, '../../x\0'), rawHeader({})]),
    /leads out/,
  ],
  'a GNU name of 2 MiB': [rawHeader({ type: 'L', size: 2 << 20 }), /extended header of/],
  'a link to a text that is too long': [
    Buffer.concat([pax(paxRecord('linkpath', 'x'.repeat(5000))), rawHeader({ type: '2' })]),
    /ENAMETOOLONG|symlink/,
  ],
  'an attribute that is too long': [
    Buffer.concat([pax(paxRecord('SCHILY.xattr.user.x', Buffer.alloc(70_000, 'x'))), rawHeader({})]),
    /attribute/,
  ],
  'an attribute whose name is too long': [
    Buffer.concat([pax(paxRecord(`SCHILY.xattr.user.${'x'.repeat(300)}`, 'x')), rawHeader({})]),
    /attribute/,
  ],
  'sparse regions that overlap': [sparse('0,4,2,4', 100, '12345678'), /damaged map/],
  'sparse regions beyond the file': [sparse('96,8', 100, '12345678'), /damaged map/],
  'sparse regions that hold less than is there': [sparse('0,4', 100, '12345678'), /damaged map/],
  'a sparse map that is not paired': [sparse('0,4,8', 100, '1234'), /damaged map/],
  'a sparse map with words in it': [sparse('zero,four', 100, '1234'), /damaged PAX/],
  'a sparse file of 9 PB': [sparse('0,4', Number.MAX_SAFE_INTEGER, '1234'), /EFBIG|too large/],
  'a sparse head that counts a billion': [sparseHead('1000000000\n', 100), /damaged map/],
  'a sparse head without numbers': [sparseHead('x\n', 100), /damaged PAX/],
  'a sparse head that does not end': [sparseHead('2000\n', 100), /damaged PAX|shorter than its map/],
  'an old sparse map that is none': [oldSparse('zzzzzzzzzzzz'), /bad number/],
  'an old sparse map that goes on without end': [
    Buffer.concat([
      oldSparse('', '\u0001'),
      ...Array.from({ length: 6000 }, () =>
        Buffer.concat([Buffer.alloc(504, '00000000000\0'), Buffer.from('\u0001\0\0\0\0\0\0\0')]),
      ),
    ]),
    /damaged map/,
  ],
  'gzip that is cut off': [gzipSync(whole).subarray(0, 100_000), /damaged/],
  'gzip with a wrong sum': [
    (() => {
      const blob = gzipSync(whole);
      blob.writeUInt32LE(0, blob.length - 8);
      return blob;
    })(),
    /damaged/,
  ],
  'gzip that turns into noise': [Buffer.concat([gzipSync(whole).subarray(0, 100_000), randomBytes(1000)]), /damaged/],
  'zstd that is cut off': [zstdCompressSync(whole).subarray(0, 100_000), /damaged/],
  'zstd that wants a window of 128 MiB': [zstdFrame(27), /damaged/],
  'nothing but noise': [randomBytes(4096), /wrong checksum|bad number|out of range/],
};
