import { ImageSpec } from '../../../../api/cri/v1/api.ts';

/** An image as CRI names it. */
export const imageNamed = (image: string): ImageSpec => ({ ...ImageSpec.decode(new Uint8Array()), image });
