import type { ImageId } from '../base/ids.ts';
import type { ImageConfig } from './config.ts';
import type { Digest } from './reference/digest.ts';

/** One unpacked layer: `path` holds it in overlayfs' own format. */
export interface LayerRef {
  readonly diffId: Digest;
  readonly path: string;
  /** What it takes on disk. */
  readonly bytes: number;
}

/** An image that is here, whole. */
export interface Image {
  readonly id: ImageId;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  /** Bytes its layers take on disk, shared ones included. */
  readonly size: bigint;
  readonly config: ImageConfig;
  /** Bottom first; each directory once. The topmost may be of our making, with no diffID in the configuration. */
  readonly layers: readonly LayerRef[];
  /** The kubelet must not collect it. */
  readonly pinned: boolean;
  /** RFC 3339, '' when the image does not say. */
  readonly created: string;
  /** What an artifact is, `application/vnd.example.model`: nothing can run from it. '' for an image. */
  readonly artifactType: string;
  /** When it first came here, RFC 3339; '' when that was before anyone wrote it down. */
  readonly added: string;
}
