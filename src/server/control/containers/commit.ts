import { z } from 'zod';
import { commitContainer } from '../../../sandbox/container/commit.ts';
import type { Parts } from '../../../sandbox/parts.ts';
import type { Verb } from '../verb.ts';
import { namedContainer } from './named.ts';

export const commitPath = '/v1/containers/commit';
export const commitAnswer = z.object({ id: z.string(), name: z.string(), diffId: z.string(), bytes: z.number() });

type CommitParts = Parameters<typeof commitContainer>[0] & Pick<Parts, 'images' | 'store'>;

/**
 * POST /v1/containers/commit?object=NAME&name=REF&change=…&author=…&message=…&running=1 : its writable layer as a new
 * image; `running`: it is not held still meanwhile.
 */
export function commitVerb(parts: CommitParts): Verb {
  return {
    method: 'POST',
    path: commitPath,
    async run({ query }, signal): Promise<z.output<typeof commitAnswer>> {
      const wish = {
        ...{ name: query.get('name') ?? '', changes: query.getAll('change') },
        ...{ author: query.get('author') ?? '', message: query.get('message') ?? '', pause: !query.has('running') },
      };
      const image = await commitContainer(parts, namedContainer(parts, query), wish, signal);
      const layers = (JSON.parse(await parts.images.rawConfig(image.id)) as Layered).rootfs.diff_ids;
      const diffId = layers.at(-1) ?? '';
      const bytes = image.layers.find((layer) => layer.diffId === diffId)?.bytes ?? 0;
      return { id: image.id, name: image.repoTags[0] ?? '', diffId, bytes };
    },
  };
}

interface Layered {
  readonly rootfs: { readonly diff_ids: readonly string[] };
}
