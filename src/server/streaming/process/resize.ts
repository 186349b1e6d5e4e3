import type { Readable } from 'node:stream';

const maxPending = 1024;
const maxSize = 0xffff;

/**
 * Reads terminal sizes, `{"Width":80,"Height":24}` one behind the other, however they are cut into pieces. What is none
 * is left out.
 */
export function readSizes(from: Readable, resize: (width: number, height: number) => void): void {
  let pending = '';
  from.on('data', (chunk: Buffer) => {
    pending += chunk.toString('latin1');
    const end = pending.lastIndexOf('}') + 1;
    const texts: readonly string[] = pending.slice(0, end).match(/\{[^{}]*\}/g) ?? [];
    pending = pending.slice(end).slice(-maxPending);
    // Only the last one matters to who has not seen those before it.
    const size = texts.map(parseSize).findLast((one) => one !== undefined);
    if (size !== undefined) resize(size.width, size.height);
  });
}

function parseSize(text: string): { readonly width: number; readonly height: number } | undefined {
  const numberOf = (key: string) => Number(new RegExp(`"${key}"\\s*:\\s*(\\d{1,5})\\b`, 'i').exec(text)?.[1] ?? 0);
  const [width, height] = [numberOf('Width'), numberOf('Height')];
  return width > 0 && height > 0 && width <= maxSize && height <= maxSize ? { width, height } : undefined;
}
