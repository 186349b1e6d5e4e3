import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PullImageRequest } from '../../api/cri/v1/api.ts';
import type { ImageSpec } from '../../api/cri/v1/api.ts';
import { imageSpec } from '../../hack/lib/cri-messages.ts';
import { buildImage, packLayer } from '../../hack/lib/oci/image.ts';
import { pushImage } from '../fixtures/images/push.ts';
import { startRegistry } from '../fixtures/images/registry.ts';
import type { Registry } from '../fixtures/images/registry.ts';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { fails } from '../integration/sandbox/lab.ts';

describe('the image service', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  let registry: Registry;
  let dir: string;
  let spec: ImageSpec;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'cricket-image-service-'));
    registry = await startRegistry({ dir: join(dir, 'registry') });
    cricket = await startCricket({ config: 'images.annotations = ["cricket/platform"]' });
    const layers = [packLayer([{ kind: 'file', path: 'a', data: 'a' }])];
    await pushImage({ url: registry.url }, 'test/both:1', buildImage({ layers, architectures: ['amd64', 'arm64'] }));
    spec = imageSpec(`${registry.host}/test/both:1`);
  });
  after(async () => {
    await cricket.stop();
    await registry.stop();
    rmSync(dir, { recursive: true });
  });
  const pull = async (image: ImageSpec) =>
    (await cricket.client.image.pullImage({ ...PullImageRequest.decode(new Uint8Array()), image })).imageRef;

  it('refuses a runtime handler that is not configured, whatever is asked', async () => {
    const image = { ...spec, runtimeHandler: 'nobody' };
    const calls = [
      pull(image),
      cricket.client.image.imageStatus({ image, verbose: false }),
      cricket.client.image.listImages({ filter: { image } }),
      cricket.client.image.removeImage({ image }),
    ];
    for (const call of calls) await fails(call, 'INVALID_ARGUMENT', 'handler "nobody" is not configured');
    expect(await pull({ ...spec, runtimeHandler: 'crun' })).to.match(/^sha256:/);
  });

  it('pulls the platform that an annotation names, where that is allowed', async () => {
    const ids = new Set<string>();
    for (const platform of ['linux/amd64', 'linux/arm64'])
      ids.add(await pull({ ...spec, annotations: { 'cricket/platform': platform } }));
    expect(ids.size).to.equal(2);
    const wrong = (platform: string) => pull({ ...spec, annotations: { 'cricket/platform': platform } });
    await fails(wrong('linux/riscv64'), 'NOT_FOUND', 'linux/riscv64');
    await fails(wrong('linux'), 'INVALID_ARGUMENT', 'want os/architecture');
  });

  it('tells of images and containers apart where they are on two file systems', async () => {
    const info = async () => {
      const { imageFilesystems, containerFilesystems } = await cricket.client.image.imageFsInfo({});
      return [imageFilesystems[0], containerFilesystems[0]] as const;
    };
    const [images, same] = await info();
    expect([images?.fsId?.mountpoint, same?.fsId?.mountpoint]).to.deep.equal([cricket.root, cricket.root]);
    const containers = join(cricket.root, 'containers');
    execFileSync('mount', ['-t', 'tmpfs', 'cricket-test', containers]);
    try {
      execFileSync('dd', ['if=/dev/zero', `of=${join(containers, 'x')}`, 'bs=1M', 'count=5'], { stdio: 'ignore' });
      const [, apart] = await info();
      expect(apart?.fsId?.mountpoint).to.equal(containers);
      expect(Number(apart?.usedBytes?.value)).to.be.within(5 << 20, (5 << 20) + 65_536);
    } finally {
      execFileSync('umount', [containers]);
    }
  });
});
