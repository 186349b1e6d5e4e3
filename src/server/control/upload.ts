import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { demandSpace } from '../../image/space.ts';

/** Bytes between two looks at the space that is left; less than that needs none. */
const spaceInterval = 4 << 20;

/**
 * What comes in as a file below `directory`, gone when `work` has ended. Errors: `resource_exhausted` when the disk gets
 * as full as images may make it: an archive can be larger than all that is left.
 */
export async function withUpload<T>(
  directory: string,
  body: Readable,
  work: (file: string) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, `${randomUUID()}.tar`);
  try {
    const spared = (bytes: AsyncIterable<Buffer>) => sparing(directory, bytes);
    await pipeline(body, spared, createWriteStream(file, { flags: 'wx', mode: 0o600 }), { signal });
    return await work(file);
  } finally {
    await rm(file, { force: true });
  }
}

async function* sparing(directory: string, bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let received = 0;
  for await (const piece of bytes) {
    const before = received;
    received += piece.length;
    if (Math.floor(before / spaceInterval) < Math.floor(received / spaceInterval)) demandSpace(directory);
    yield piece;
  }
}
