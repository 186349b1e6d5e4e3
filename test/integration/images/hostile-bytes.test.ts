import { readdirSync, rmSync } from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect } from 'chai';
import { digestOf } from '../../../hack/lib/oci/image.ts';
import { hostileBlobs, whole, zstdFrame } from './hostile-blobs.ts';
import { errorOf, unpackBlob, workDirectory } from './lab.ts';

describe('bytes that a stranger calls a layer', function () {
  this.timeout(60_000);
  let work = '';
  beforeEach(() => {
    work = workDirectory();
  });
  afterEach(() => rmSync(work, { recursive: true }));

  for (const [name, [blob, said]] of Object.entries(hostileBlobs))
    it(`are refused: ${name}`, async () => {
      const error = await errorOf(unpackBlob(work, 'layer', blob));
      expect(error.message).to.match(said);
      expect(readdirSync(work)).to.have.members(['layer', 'layer.tar']);
    });

  it('may be zstd with a window of 32 MiB, in several frames with something to skip between them', async () => {
    const skipped = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);
    const blob = Buffer.concat([skipped, zstdFrame(25), skipped, zstdCompressSync(whole), skipped]);
    const error = await errorOf(unpackBlob(work, 'layer', blob));
    expect(error.message).to.match(/has diffID/);
  });

  it('may be gzip in several members', async () => {
    const blob = Buffer.concat([gzipSync(whole.subarray(0, 1000)), gzipSync(whole.subarray(1000))]);
    const error = await errorOf(unpackBlob(work, 'layer', blob));
    expect(error.message).to.contain(`has diffID ${digestOf(whole)}`);
  });
});
