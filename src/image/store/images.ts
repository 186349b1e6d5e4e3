import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { loadCheckpoint, saveCheckpoint, syncPath, writeAtomic } from '../../base/checkpoint.ts';
import { errnoOf, messageOf } from '../../base/errors.ts';
import type { ImageId } from '../../base/ids.ts';
import type { Logger } from '../../base/log.ts';
import type { Digest } from '../reference/digest.ts';
import { imageKind } from './image-record.ts';
import type { ImageRecord } from './image-record.ts';

const hexOf = (digest: string) => digest.slice(digest.indexOf(':') + 1);

/** Records of images in ROOT/images and their manifests and configurations in ROOT/content, by digest. */
export class ImageRecords {
  readonly #images: string;
  readonly #content: string;
  readonly #records = new Map<ImageId, ImageRecord>();
  /** Records that cannot be read: what they need is unknown, so no layer may be swept. */
  readonly unreadable = new Set<string>();

  private constructor(root: string) {
    this.#images = join(root, 'images');
    this.#content = join(root, 'content');
  }

  /** Reads all records; `whole` says whether the layers of one are there, without which it is no image. */
  static async open(root: string, whole: (record: ImageRecord) => boolean, log: Logger): Promise<ImageRecords> {
    const store = new ImageRecords(root);
    for (const path of [store.#images, store.#content]) await mkdir(path, { recursive: true, mode: 0o700 });
    for (const name of await readdir(store.#images)) {
      const path = join(store.#images, name);
      if (name.endsWith('.tmp')) await rm(path, { force: true });
      else await store.#load(path, whole, log);
    }
    await store.#sweepContent();
    return store;
  }

  async #load(path: string, whole: (record: ImageRecord) => boolean, log: Logger): Promise<void> {
    try {
      const record = await loadCheckpoint(imageKind, path);
      if (whole(record)) this.#records.set(record.id, record);
      else {
        log.warn({ image: record.id }, 'image lost layers in a power cut: it must be pulled again');
        await rm(path, { force: true });
      }
    } catch (error) {
      log.error({ record: path, error: messageOf(error) }, 'image record is unreadable: no layer will be removed');
      this.unreadable.add(path);
    }
  }

  get(id: ImageId): ImageRecord | undefined {
    return this.#records.get(id);
  }

  all(): Iterable<ImageRecord> {
    return this.#records.values();
  }

  /** Not fsynced: the syncfs that makes the layers durable does it for the record as well. */
  async save(record: ImageRecord): Promise<void> {
    const path = join(this.#images, `${hexOf(record.id)}.json`);
    await saveCheckpoint(imageKind, path, record, { durable: false });
    this.unreadable.delete(path);
    this.#records.set(record.id, record);
  }

  /** Durable: an image that was removed does not come back. */
  async delete(id: ImageId): Promise<void> {
    await rm(join(this.#images, `${hexOf(id)}.json`), { force: true });
    await syncPath(this.#images);
    this.#records.delete(id);
    await this.#sweepContent();
  }

  async saveContent(digest: Digest, bytes: Uint8Array): Promise<void> {
    await writeAtomic(join(this.#content, hexOf(digest)), bytes, { durable: false });
  }

  /** A manifest or configuration; undefined when it is not here. */
  async readContent(digest: Digest): Promise<Buffer | undefined> {
    try {
      return await readFile(join(this.#content, hexOf(digest)));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async #sweepContent(): Promise<void> {
    if (this.unreadable.size > 0) return;
    const used = new Set([...this.#records.values()].flatMap((record) => record.content.map(hexOf)));
    for (const name of await readdir(this.#content))
      if (!used.has(name)) await rm(join(this.#content, name), { force: true });
  }
}
