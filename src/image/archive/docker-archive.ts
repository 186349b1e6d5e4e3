import { z } from 'zod';
import { fail } from '../../base/errors.ts';
import type { FileRange } from '../layers/decompress.ts';
import { digestOf } from '../reference/digest.ts';
import { parseReference, tagOf } from '../reference/parse.ts';
import { checked, parseJson } from '../registry/manifest.ts';
import type { ArchivedImage } from './archived-image.ts';
import { readMember } from './tar-index.ts';

const maxJson = 8 << 20;
const schema = z
  .array(
    z.object({ Config: z.string(), RepoTags: z.array(z.string()).nullish(), Layers: z.array(z.string()).max(500) }),
  )
  .max(1000);

/** The images of what `docker save` writes. Errors: `invalid_argument`. */
export async function dockerArchiveImages(files: ReadonlyMap<string, FileRange>): Promise<readonly ArchivedImage[]> {
  const about = 'manifest.json of the archive';
  const entries = checked(schema, parseJson(await readMember(files, 'manifest.json', maxJson), about), about);
  return Promise.all(
    entries.map(async (entry) => {
      const bytes = await readMember(files, entry.Config, maxJson);
      const tags = (entry.RepoTags ?? []).map((text) => tagOf(parseReference(text))).filter((tag) => tag !== undefined);
      const layers = entry.Layers.map((name) => {
        const range = files.get(name);
        if (range === undefined) throw fail('invalid_argument', `the archive has no layer ${name}`);
        return range;
      });
      return {
        about: tags[0] ?? entry.Config,
        tags,
        digests: [],
        config: { digest: digestOf(bytes), bytes },
        manifests: [],
        layers,
      };
    }),
  );
}
