import { z } from 'zod';
import type { RemovePodParts } from '../../sandbox/pod/remove.ts';
import { listVolumes, removeVolume } from '../../sandbox/standalone/volumes.ts';
import type { Verb } from './verb.ts';

export const listVolumesPath = '/v1/volumes';
export const listVolumesAnswer = z.array(
  z.object({ name: z.string(), path: z.string(), createdAt: z.number(), users: z.array(z.string()) }),
);
export const removeVolumePath = '/v1/volumes/remove';
export const removeVolumeAnswer = z.object({ name: z.string() });

/** GET /v1/volumes : volumes with names, and who mounts them. */
export function listVolumesVerb(parts: RemovePodParts): Verb {
  return { method: 'GET', path: listVolumesPath, run: async () => listVolumes(parts) };
}

/** POST /v1/volumes/remove?name=NAME : with all that is in it. */
export function removeVolumeVerb(parts: RemovePodParts): Verb {
  return {
    method: 'POST',
    path: removeVolumePath,
    async run({ query }, signal): Promise<z.output<typeof removeVolumeAnswer>> {
      const name = query.get('name') ?? '';
      await removeVolume(parts, name, signal);
      return { name };
    },
  };
}
