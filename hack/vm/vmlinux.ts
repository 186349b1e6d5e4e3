/**
 * vmlinux.ts BZIMAGE OUT : the kernel without its compression. QEMU starts an ELF kernel directly (PVH), and emulated
 * decompression would take seconds of every boot.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { zstdDecompressSync } from 'node:zlib';

const sectorBytes = 512;
const gibibyte = 1 << 30;

const [image, out] = process.argv.slice(2);
if (image === undefined || out === undefined) throw new Error('usage: vmlinux.ts BZIMAGE OUT');
const kernel = unpack(payloadOf(readFileSync(image)));
if (kernel.toString('latin1', 0, 4) !== '\x7fELF') throw new Error(`${image}: what is in it is no ELF file`);
writeFileSync(out, kernel);

/** Linux/x86 boot protocol: setup_sects at 0x1f1, payload_offset (behind the real-mode code) and _length at 0x248. */
function payloadOf(bytes: Buffer): Buffer {
  const setupSectors = bytes.readUInt8(0x1f1) || 4;
  const start = (setupSectors + 1) * sectorBytes + bytes.readUInt32LE(0x248);
  return bytes.subarray(start, start + bytes.readUInt32LE(0x24c));
}

/** The last four bytes of the payload are the size of the kernel, not part of the compressed stream. */
function unpack(payload: Buffer): Buffer {
  const stream = payload.subarray(0, -4);
  if (stream.readUInt32LE(0) === 0xfd2fb528) return zstdDecompressSync(stream);
  if (stream.toString('latin1', 1, 5) === '7zXZ')
    return execFileSync('xz', ['-dc', '--single-stream'], { input: payload, maxBuffer: gibibyte });
  throw new Error(`unknown compression ${stream.toString('hex', 0, 6)}`);
}
