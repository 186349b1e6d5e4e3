import type { ImageSource } from '../assemble.ts';
import type { FileRange } from '../layers/decompress.ts';

/** An image of an archive; its layers lie in the archive as files. */
export interface ArchivedImage extends Omit<ImageSource, 'unpack' | 'layerCount'> {
  readonly layers: readonly FileRange[];
}
