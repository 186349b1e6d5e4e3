import { expect } from 'chai';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Mount, PullImageRequest } from '../../api/cri/v1/api.ts';
import { imageSpec } from '../../hack/lib/cri-messages.ts';
import { digestOf } from '../../hack/lib/oci/image.ts';
import type { BuiltImage } from '../../hack/lib/oci/image.ts';
import { pushImage } from '../fixtures/images/push.ts';
import { startRegistry } from '../fixtures/images/registry.ts';
import type { Registry } from '../fixtures/images/registry.ts';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { createContainer, runContainer, runPod } from '../fixtures/pods.ts';
import type { TestPod } from '../fixtures/pods.ts';
import { fails, sh } from '../integration/sandbox/lab.ts';

/** What `oras push` makes of files. */
function artifact(files: readonly (readonly [title: string | undefined, content: string])[]): BuiltImage {
  const empty = Buffer.from('{}');
  const blobs = new Map([
    [digestOf(empty), empty],
    ...files.map(([, text]) => [digestOf(text), Buffer.from(text)] as const),
  ]);
  const body = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: 'application/vnd.example.model',
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(empty), size: empty.length },
      layers: files.map(([title, text]) => ({
        mediaType: 'application/octet-stream',
        digest: digestOf(text),
        size: Buffer.byteLength(text),
        ...(title !== undefined && { annotations: { 'org.opencontainers.image.title': title } }),
      })),
    }),
  );
  const root = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: digestOf(body), body };
  return { root, manifests: [], blobs, id: '' };
}

describe('OCI artifacts', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  let registry: Registry;
  let pod: TestPod;
  let dir: string;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'cricket-artifacts-'));
    registry = await startRegistry({ dir: join(dir, 'registry') });
    cricket = await startCricket();
    pod = await runPod(cricket, { name: 'artifacts' });
  });
  after(async () => {
    await cricket.stop();
    await registry.stop();
    rmSync(dir, { recursive: true });
  });
  async function pull(name: string, files: Parameters<typeof artifact>[0]): Promise<string> {
    await pushImage({ url: registry.url }, `${name}:1`, artifact(files));
    const request = { ...PullImageRequest.decode(new Uint8Array()), image: imageSpec(`${registry.host}/${name}:1`) };
    return (await cricket.client.image.pullImage(request)).imageRef;
  }
  const volume = (image: string, imageSubPath = ''): Mount => ({
    ...Mount.decode(new Uint8Array()),
    ...{ image: imageSpec(image), containerPath: '/m', imageSubPath },
  });

  it('are volumes of their files, whole or one of them, read-only', async () => {
    const id = await pull('model', [
      ['weights/a.bin', 'A'],
      ['weights/ü b.bin', 'A'],
      ['README', 'read me'],
      [undefined, 'nameless'],
    ]);
    const container = await runContainer(cricket, pod, { name: 'whole', mounts: [volume(id)] });
    const nameless = digestOf('nameless').replace(':', '-');
    expect(await sh(cricket, container, 'cd /m; find . -type f | sort; cat weights/*')).to.equal(
      `./README\n./${nameless}\n./weights/a.bin\n./weights/ü b.bin\nAA`,
    );
    expect(await sh(cricket, container, 'stat -c "%a %u:%g" /m/weights /m/README')).to.equal('755 0:0\n644 0:0');
    expect(await sh(cricket, container, 'rm /m/README 2>&1 || true')).to.contain('Read-only file system');
    const part = await runContainer(cricket, pod, { name: 'part', mounts: [volume(id, 'weights/a.bin')] });
    expect(await sh(cricket, part, 'cat /m')).to.equal('A');
    const { image } = await cricket.client.image.imageStatus({ image: imageSpec(id), verbose: false });
    expect(image?.repoDigests[0]).to.contain(`${registry.host}/model@sha256:`);
  });

  it('are nothing to run', async () => {
    const id = await pull('tool', [['tool', '#!/bin/sh']]);
    const call = createContainer(cricket, pod, { name: 'c', image: id });
    await fails(call, 'INVALID_ARGUMENT', 'is an artifact (application/vnd.example.model): nothing runs from it');
  });

  it('of no file are an empty volume', async () => {
    const id = await pull('empty', []);
    const container = await runContainer(cricket, pod, { name: 'empty', mounts: [volume(id)] });
    expect(await sh(cricket, container, 'ls -A /m')).to.equal('');
  });

  it('with names that lead out, or stand twice, are refused and leave nothing', async () => {
    const layers = () => readdirSync(join(cricket.root, 'layers')).length;
    const before = layers();
    await fails(pull('out', [['../../etc/cron.d/x', 'x']]), 'INVALID_ARGUMENT', 'leads out');
    await fails(
      pull('twice', [
        ['a', 'x'],
        ['./a', 'y'],
      ]),
      'INVALID_ARGUMENT',
      'two files at "a"',
    );
    const below = pull('below', [
      ['a/b', 'x'],
      ['a', 'y'],
    ]);
    await fails(below, 'INVALID_ARGUMENT', 'two files at "a"');
    expect(layers()).to.equal(before);
    expect(readdirSync(join(cricket.root, 'ingest'))).to.deep.equal([]);
  });
});
