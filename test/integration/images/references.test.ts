import { readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { buildImage, packLayer } from '../../../hack/lib/oci/image.ts';
import { layersIn, openStore, soon, workDirectory } from './lab.ts';
import { startStranger } from './stranger.ts';
import type { Handler, Stranger } from './stranger.ts';

const layer = (name: string) => packLayer([{ kind: 'file', path: name, data: name }]);
const [shared, own, other] = [layer('shared'), layer('own'), layer('other')];

/** Layers belong to images, to containers that run or mount them, and to pulls that are going on. */
describe('who needs a layer', function () {
  this.timeout(30_000);
  let work = '';
  let first: Stranger;
  let second: Stranger;
  beforeEach(async () => {
    work = workDirectory();
    first = await startStranger(buildImage({ layers: [shared, own], format: 'oci' }));
    second = await startStranger(buildImage({ layers: [shared, other], format: 'oci' }));
  });
  afterEach(async () => {
    await Promise.all([first.stop(), second.stop()]);
    rmSync(work, { recursive: true });
  });
  const name = (stranger: Stranger) => `${stranger.host}/test/image:1`;

  it('keeps it: a pull that counts on it while the image that brought it is removed, and garbage is collected', async () => {
    const images = await openStore(work);
    const before = await images.pull(name(first), {}, soon());
    const [kept] = before.layers;
    let goOn = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      const held: Handler = (request, response) => {
        goOn = () => second.serve(request, response);
        resolve();
      };
      second.on(other.digest, held);
    });
    const pulled = images.pull(name(second), {}, soon());
    await asked;
    await images.remove(name(first), soon());
    await images.collect(soon());
    expect(layersIn(work), 'the shared one, and the place of the one that comes').to.have.length(2);
    goOn();
    const after = await pulled;
    expect(after.layers[0]).to.deep.equal(kept);
    expect(
      second.seen.some((line) => line.includes(shared.digest)),
      'it was here',
    ).to.equal(false);
    expect(readdirSync(kept?.path ?? '')).to.deep.equal(['shared']);
    await images.close();
  });

  it('lets it go: a pull that fails, once nothing else needs what it brought', async () => {
    const images = await openStore(work);
    second.on(other.digest, (request) => void request.socket.destroy());
    await images.pull(name(second), {}, soon()).catch(() => undefined);
    expect(layersIn(work)).to.deep.equal([]);
    await images.close();
  });

  it('keeps it beyond its image: a container, until it lets go of it; also where the image was found corrupt', async () => {
    const images = await openStore(work);
    const { id, layers } = await images.pull(name(first), {}, soon());
    images.hold(id, 'a container');
    const lost = layers[1]?.diffId;
    rmSync(join(layers[1]?.path ?? '', 'own'));
    await first.stop();
    expect((await images.examine(soon())).corrupt.map(({ diffId }) => diffId)).to.deep.equal([lost]);
    expect(images.list()).to.deep.equal([]);
    await images.collect(soon());
    expect(readdirSync(layers[0]?.path ?? ''), 'the container stands on it').to.deep.equal(['shared']);
    images.release('a container');
    await images.collect(soon());
    expect(layersIn(work)).to.deep.equal([]);
    await images.close();
    // What was put aside stays for as long as a container may stand on it: until the machine starts anew.
    const aside = join(work, 'quarantine');
    await (await openStore(work)).close();
    const [put = ''] = readdirSync(aside);
    renameSync(join(aside, put), join(aside, '1-another-boot'));
    await (await openStore(work)).close();
    expect(readdirSync(aside)).to.deep.equal([]);
  });
});
