import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { during } from '../../base/errors.ts';
import type { Verb } from './verb.ts';

export const importImagePath = '/v1/images/import';

export interface ImportImageDeps {
  /** Directory for archives on their way in; on the disk of the image store. */
  readonly uploads: string;
  /**
   * Reads an archive from a file. `name` is the reference to give it; empty: those the archive holds. Answers
   * with the references (ids where there are none) of what is there now.
   */
  readonly importImage: (
    file: string,
    options: { readonly name: string; readonly rootfs: boolean },
    signal: AbortSignal,
  ) => Promise<readonly string[]>;
}

/** POST /v1/images/import?name=REF, the archive (OCI or docker, plain or compressed) as the body; with `rootfs` a root file system. */
export function importImageVerb(deps: ImportImageDeps): Verb {
  return {
    method: 'POST',
    path: importImagePath,
    async run({ query, body }, signal) {
      await mkdir(deps.uploads, { recursive: true, mode: 0o700 });
      const file = join(deps.uploads, `${randomUUID()}.tar`);
      try {
        await pipeline(body, createWriteStream(file, { flags: 'wx', mode: 0o600 }), { signal });
        return {
          images: await deps.importImage(file, { name: query.get('name') ?? '', rootfs: query.has('rootfs') }, signal),
        };
      } catch (error) {
        throw during('import image', error);
      } finally {
        await rm(file, { force: true });
      }
    },
  };
}
