/**
 * Frees the memory of bytes that nobody reads any more, at once and not when V8 finds out: megabytes that pass through
 * otherwise count as garbage, which is collected over and over. They are the last, or all, of what their memory holds;
 * what shares memory with others, as Node has it for small buffers, is left alone.
 */
export function letGo(bytes: Buffer): void {
  const { buffer, byteOffset, length } = bytes;
  if (length === 0 || !(buffer instanceof ArrayBuffer) || byteOffset + length < buffer.byteLength) return;
  if (byteOffset === 0 || buffer.byteLength > Buffer.poolSize) buffer.transfer(0);
}

/** The same of bytes whose memory, before and behind them, is nobody else's. */
export function letAllGo({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0);
}
