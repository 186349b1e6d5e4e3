import { z } from 'zod';
import { descriptorSchema } from '../registry/manifest.ts';
import type { Descriptor } from '../registry/manifest.ts';

/** Where cosign writes the signature of the layer that it annotates; base64. */
export const signatureAnnotation = 'dev.cosignproject.cosign/signature';

const schema = z.object({ layers: z.array(descriptorSchema).max(1000) });

/** The layers of a manifest of signatures; none of one that is not understood. */
export function parseSignatureManifest(bytes: Uint8Array): readonly Descriptor[] {
  try {
    const parsed = schema.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')));
    return parsed.success ? parsed.data.layers : [];
  } catch {
    return [];
  }
}
