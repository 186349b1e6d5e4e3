import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { buildImage, packLayer } from '../../../hack/lib/oci/image.ts';
import type { BuiltImage } from '../../../hack/lib/oci/image.ts';
import type { Image, ImageOptions, Images } from '../../../src/image/service.ts';
import { layersIn, openStore, soon, workDirectory } from './lab.ts';
import { startStranger } from './stranger.ts';
import type { Stranger } from './stranger.ts';

/** The layer and the image that strangers serve unless told otherwise. */
export const good = packLayer([{ kind: 'file', path: 'content', data: randomBytes(3 << 20) }]);
export const image = buildImage({ layers: [good], format: 'oci' });
export const auth = { username: 'someone', password: 'secret' };

/** A store of small limits and little patience, and a stranger that it pulls from. */
export class Meeting implements AsyncDisposable {
  readonly work: string;
  readonly images: Images;
  readonly stranger: Stranger;

  private constructor(work: string, images: Images, stranger: Stranger) {
    this.work = work;
    this.images = images;
    this.stranger = stranger;
  }

  static async begin(served: BuiltImage = image, options: Partial<ImageOptions> = {}): Promise<Meeting> {
    const work = workDirectory();
    const images = await openStore(work, {
      registry: { certsDir: join(work, 'certs.d'), plainHttpHosts: [], silenceMs: 400 },
      limits: { maxEntries: 1000, maxBytes: 32 << 20, maxExpansion: 500 },
      ...options,
    });
    return new Meeting(work, images, await startStranger(served));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.images.close();
    await this.stranger.stop();
    rmSync(this.work, { recursive: true });
  }

  pull(options: object = {}): Promise<Image> {
    return this.images.pull(`${this.stranger.host}/test/image:1`, options, soon());
  }

  /** hosts.toml for the stranger. */
  hosts(text: string): void {
    const directory = join(this.work, 'certs.d', this.stranger.host);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'hosts.toml'), text);
  }

  /** `blobs`: the beginning of a blob may wait for the next attempt. */
  expectNothingLeft(blobs = false): void {
    expect(this.images.list()).to.deep.equal([]);
    expect(layersIn(this.work)).to.deep.equal([]);
    for (const name of blobs ? ['content', 'images'] : ['content', 'images', 'ingest'])
      expect(readdirSync(join(this.work, name)), name).to.deep.equal([]);
  }
}
