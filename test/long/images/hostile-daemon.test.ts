import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { buildImage, digestOf } from '../../../hack/lib/oci/image.ts';
import { imageSpec } from '../../../hack/lib/cri-messages.ts';
import { statusOf } from '../../../hack/lib/cri-client.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { hostileBlobs } from '../../integration/images/hostile-blobs.ts';
import { refusals } from '../../integration/images/refusals.ts';
import { base256, rawHeader } from '../../integration/images/raw-tar.ts';
import { startStranger } from '../../integration/images/stranger.ts';
import { image } from '../../integration/images/meeting.ts';

/** Millions of bytes that the daemon may have in the end, and milliseconds until that is read. */
const mostMemory = 150;
const settleMs = 10_000;

/** A file beyond the limit, and a gigabyte of nothing behind the end of an archive. */
function bombs(): Readonly<Record<string, readonly [Buffer, RegExp]>> {
  const zeros = gzipSync(Buffer.alloc(64 << 20));
  return {
    'a file of 2 GiB': [gzipSync(rawHeader({ size: base256(2n << 30n, 12) })), /layer has more than .* bytes/],
    'nothing, for ever': [Buffer.concat(Array.from({ length: 18 }, () => zeros)), /times/],
  };
}

function memoryOf(pid: number, field: 'VmHWM' | 'VmRSS'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (Number(new RegExp(`^${field}:\\s+([0-9]+)`, 'm').exec(status)?.[1]) * 1024) / 1e6;
}

describe('a daemon among strangers', function () {
  this.timeout(300_000);
  let cricket: Cricket;
  // As it is started where it is installed: hack/lib/stage.sh.
  const options = { demo: false, nodeFlags: ['--max-semi-space-size=1', '--optimize-for-size'] };
  before(async () => {
    // A first start from sources takes their types away, in memory that no installed daemon needs; the next has the rest.
    await (await startCricket(options)).stop();
    cricket = await startCricket({
      ...options,
      config: 'images.pull_progress_timeout_seconds = 1\nimages.max_layer_gib = 1\n',
    });
  });
  after(() => cricket.stop());

  it('refuses them all, keeps nothing of them and stays small', async () => {
    const { client: cri } = cricket;
    const before = memoryOf(cricket.pid, 'VmRSS');
    const attempt = async (host: string, name: string, said = /./) => {
      const error = await cri.image.pullImage({ image: imageSpec(`${host}/test/image:1`) }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(statusOf(error)?.code, name).to.be.greaterThan(0);
      expect(String(error), name).to.match(said);
    };
    for (const [name, { image: served, on, act, text }] of Object.entries(refusals)) {
      // Below this daemon's limits; its own are below.
      if (name === 'a bomb') continue;
      const stranger = await startStranger(served?.() ?? image);
      if (on !== undefined && act !== undefined) stranger.on(on, act);
      await attempt(stranger.host, name, text);
      await stranger.stop();
      // The beginning of a blob waits for the next attempt, which would not be the stranger's then.
      const ingest = join(cricket.root, 'ingest');
      for (const kept of readdirSync(ingest)) rmSync(join(ingest, kept));
    }
    for (const [name, [blob, said]] of Object.entries({ ...hostileBlobs, ...bombs() })) {
      const layer = { blob, digest: digestOf(blob), diffId: digestOf(blob), compression: 'none' as const };
      const stranger = await startStranger(buildImage({ layers: [layer], format: 'oci' }));
      await attempt(stranger.host, name, said);
      await stranger.stop();
    }
    expect((await cri.image.listImages()).images).to.deep.equal([]);
    for (const name of ['images', 'content', 'layers', 'ingest'])
      expect(readdirSync(join(cricket.root, name)), name).to.deep.equal([]);
    // What is garbage is no memory that is taken; the daemon lets go of it soon after its last pull.
    await delay(settleMs);
    const [peak, now] = [memoryOf(cricket.pid, 'VmHWM'), memoryOf(cricket.pid, 'VmRSS')];
    console.log(
      `      the daemon had ${before.toFixed(0)} MB, ${peak.toFixed(0)} at most, ${now.toFixed(0)} in the end`,
    );
    expect(now).to.be.lessThan(mostMemory);
  });
});
