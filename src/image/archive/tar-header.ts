const blockSize = 512;
/** Sizes from here on do not fit into the eleven octal digits of ustar. */
const octalLimit = 8 ** 11;

/** The header of a plain file of root, 0644, of no time: an archive is the same whenever it is made. ASCII, 100 bytes at most. */
export function tarFileHeader(name: string, size: number): Buffer {
  const block = Buffer.alloc(blockSize);
  block.write(name, 0, 100, 'latin1');
  for (const [at, text] of [
    [100, '0000644\0'],
    [108, '0000000\0'],
    [116, '0000000\0'],
    [136, '00000000000\0'],
    [148, '        '],
    [156, '0'],
    [257, 'ustar\x0000'],
  ] as const)
    block.write(text, at, 'latin1');
  if (size < octalLimit) block.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  else {
    // GNU's and star's binary form.
    block[124] = 0x80;
    block.writeBigUInt64BE(BigInt(size), 128);
  }
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** What fills the last block of a file. */
export const tarPadding = (size: number): Buffer => Buffer.alloc((blockSize - (size % blockSize)) % blockSize);

/** Two empty blocks end an archive. */
export const tarEnd = (): Buffer => Buffer.alloc(2 * blockSize);
