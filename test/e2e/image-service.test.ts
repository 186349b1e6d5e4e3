import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PullImageRequest } from '../../api/cri/v1/api.ts';
import type { Image, ImageFilter, ImageSpec } from '../../api/cri/v1/api.ts';
import { imageSpec } from '../../hack/lib/cri-messages.ts';
import { buildImage, packLayer } from '../../hack/lib/oci/image.ts';
import { pushImage } from '../fixtures/images/push.ts';
import { startRegistry } from '../fixtures/images/registry.ts';
import type { Registry } from '../fixtures/images/registry.ts';
import { cricketMain, startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { eventually } from '../fixtures/pods.ts';
import { parseSeries, scrape } from '../fixtures/scrape.ts';
import { inTerminal } from '../fixtures/terminal.ts';
import { startStranger } from '../integration/images/stranger.ts';
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
    cricket = await startCricket({
      config: `metrics.address = "unix://${metrics()}"\nimages.annotations = ["cricket/platform"]\n[images.verification."${registry.host}/refused"]\npolicy = "reject"\n`,
    });
    const layers = [packLayer([{ kind: 'file', path: 'a', data: 'a' }])];
    await pushImage({ url: registry.url }, 'test/both:1', buildImage({ layers, architectures: ['amd64', 'arm64'] }));
    spec = imageSpec(`${registry.host}/test/both:1`);
  });
  after(async () => {
    await cricket.stop();
    await registry.stop();
    rmSync(dir, { recursive: true });
  });
  const metrics = () => join(dir, 'metrics.sock');
  const metric = async (wanted: string) =>
    parseSeries((await scrape(metrics())).text).find(({ name }) => name === wanted)?.value;
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

  it('streams what it lists, and tells the user, the configuration and the size of each layer', async () => {
    const layers = ['one', 'two'].map((path) => packLayer([{ kind: 'file', path, data: Buffer.alloc(10_000, path) }]));
    const made = { numbered: '1234:5', named: 'somebody:staff', root: '' };
    for (const [name, User] of Object.entries(made))
      await pushImage({ url: registry.url }, `test/${name}:1`, buildImage({ layers, config: { User, Cmd: [name] } }));
    for (const name of Object.keys(made)) await pull(imageSpec(`${registry.host}/test/${name}:1`));
    const { images } = await cricket.client.image.listImages();
    const streamed = async (filter?: ImageFilter) => {
      const found: Image[] = [];
      for await (const part of cricket.client.image.streamImages({ filter })) found.push(...part.images);
      return found;
    };
    expect(await streamed()).to.deep.equal(images);
    const [only, ...others] = await streamed({ image: imageSpec(`${registry.host}/test/named:1`) });
    expect(others).to.deep.equal([]);
    expect([only?.uid, only?.username]).to.deep.equal([undefined, 'somebody']);
    const status = async (name: string) =>
      cricket.client.image.imageStatus({ image: imageSpec(`${registry.host}/test/${name}:1`), verbose: true });
    expect((await status('numbered')).image).to.deep.include({ uid: { value: 1234n }, username: '' });
    expect((await status('root')).image).to.deep.include({ uid: undefined, username: '' });
    const { image, info } = await status('named');
    const told = JSON.parse(info['info'] ?? '') as {
      size: string;
      imageSpec: { config: { User: string; Cmd: string[] }; rootfs: { diff_ids: string[] } };
      layers: { diffId: string; size: string }[];
    };
    expect(told.imageSpec.config).to.deep.include({ User: 'somebody:staff', Cmd: ['named'] });
    expect(told.imageSpec.rootfs.diff_ids).to.deep.equal(layers.map(({ diffId }) => diffId));
    expect(told.layers).to.deep.equal(layers.map(({ diffId }) => ({ diffId, size: '12288' })));
    expect([told.size, image?.size]).to.deep.equal(['24576', 24_576n]);
  });

  it('shows how far a pull is on a terminal, in the metrics and in the log', async () => {
    const big = packLayer([{ kind: 'file', path: 'noise', data: randomBytes(4 << 20) }]);
    const slow = await startStranger(buildImage({ layers: [big] }));
    let goOn = (): void => undefined;
    slow.on(big.digest, (_request, response) => {
      response.writeHead(200, { 'content-length': String(big.blob.length) });
      response.write(big.blob.subarray(0, 2 << 20));
      goOn = () => response.end(big.blob.subarray(2 << 20));
    });
    const name = `${slow.host}/test/image:1`;
    {
      const line = [process.execPath, cricketMain, 'images', 'pull', name, '--config', cricket.config].join(' ');
      await using terminal = await inTerminal(line, 100, 30);
      await eventually(
        () => expect(terminal.output()).to.match(/: 0 of 1 layers\r\n\[=+> +\] +\d+% 2\.\d+ MB of 4\.\d+ MB/),
        20_000,
      );
      expect(terminal.output()).to.match(new RegExp(`${big.digest.slice(7, 19)} +downloading +2\\.`));
      expect(await metric('cricket_image_pulls_in_flight')).to.equal(1);
      goOn();
      await terminal.ended();
      expect(terminal.output()).to.match(/sha256:[0-9a-f]{64}\s+exit=0/);
    }
    expect(await metric('cricket_image_pulls_in_flight')).to.equal(0);
    expect(await metric('cricket_image_pull_bytes_total')).to.be.at.least(big.blob.length);
    expect(cricket.log()).to.match(new RegExp(`"reference":"${name}"[^\\n]*"image pulled"`));
    await slow.stop();
  });

  it('tells the kubelet that a policy refuses an image in the words that it reads', async () => {
    const call = pull(imageSpec('refused.invalid/test/image:1'));
    await fails(call, 'UNKNOWN', /^RegistryUnavailable: /);
    await pushImage({ url: registry.url }, 'refused/image:1', buildImage({ layers: [] }));
    const refused = pull(imageSpec(`${registry.host}/refused/image:1`));
    await fails(refused, 'UNKNOWN', /^SignatureValidationFailed: /);
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
