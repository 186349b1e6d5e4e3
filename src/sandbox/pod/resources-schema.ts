import { z } from 'zod';
import { resourcesSchema } from '../container/resources.ts';

/** What the kubelet says of a whole pod: what its containers may use together, and what running them costs (KEP-688). */
export const podResourcesSchema = z.object({
  overhead: resourcesSchema.nullable(),
  resources: resourcesSchema.nullable(),
});
export type PodResources = Readonly<z.infer<typeof podResourcesSchema>>;
export const noPodResources: PodResources = { overhead: null, resources: null };
