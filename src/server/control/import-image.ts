import { during } from '../../base/errors.ts';
import { withUpload } from './upload.ts';
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
      const options = { name: query.get('name') ?? '', rootfs: query.has('rootfs') };
      try {
        const work = async (file: string) => deps.importImage(file, options, signal);
        return { images: await withUpload(deps.uploads, body, work, signal) };
      } catch (error) {
        throw during('import image', error);
      }
    },
  };
}
