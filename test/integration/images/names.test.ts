import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ociArchive } from '../../../hack/lib/oci/archive.ts';
import { buildImage, packLayer } from '../../../hack/lib/oci/image.ts';
import { errorOf, soon } from './lab.ts';
import { auth, image, Meeting } from './meeting.ts';
import { say, startStranger } from './stranger.ts';

const other = buildImage({ layers: [packLayer([{ kind: 'file', path: 'other', data: 'x' }])], format: 'oci' });

describe('what a name means', function () {
  this.timeout(60_000);

  it('is looked for in one registry after the other when it names none, and found by it again', async () => {
    const first = await startStranger(other);
    const second = await startStranger(image);
    first.on('/v2/', say(404));
    await using meeting = await Meeting.begin(image, { searchRegistries: [first.host, second.host] });
    const pulled = await meeting.images.pull('test/image:1', {}, soon());
    expect(pulled.repoTags).to.deep.equal([`${second.host}/test/image:1`]);
    expect(meeting.images.find('test/image:1')).to.equal(pulled);
    expect(first.seen.some((line) => line.includes('/v2/test/image/manifests/1'))).to.equal(true);
    await Promise.all([first.stop(), second.stop()]);
  });

  it('is not looked for any further when a registry does not answer, or refuses for another reason', async () => {
    const first = await startStranger(other);
    const second = await startStranger(image);
    await using meeting = await Meeting.begin(image, { searchRegistries: [first.host, second.host] });
    first.on('/v2/', say(418));
    expect(await errorOf(meeting.images.pull('test/image:1', {}, soon()))).to.include({ code: 'failed_precondition' });
    await first.stop();
    expect(await errorOf(meeting.images.pull('test/image:1', {}, soon()))).to.include({ code: 'unavailable' });
    expect(second.seen).to.deep.equal([]);
    await second.stop();
  });

  it('is told of all registries when none has it', async () => {
    const [first, second] = [await startStranger(other), await startStranger(image)];
    for (const stranger of [first, second]) stranger.on('/v2/', say(404));
    await using meeting = await Meeting.begin(image, { searchRegistries: [first.host, second.host] });
    const error = await errorOf(meeting.images.pull('test/image:1', {}, soon()));
    expect(error).to.include({ code: 'not_found' });
    expect(error.message).to.contain(first.host).and.to.contain(second.host);
    await Promise.all([first.stop(), second.stop()]);
  });

  it('costs no transfer when it is here: a digest, or a tag that has not moved', async () => {
    await using meeting = await Meeting.begin();
    const { stranger, images } = meeting;
    const tagged = await meeting.pull();
    const [digest = ''] = tagged.repoDigests;
    for (const name of [digest, `${stranger.host}/test/image:1`]) {
      if (!name.includes('@'))
        stranger.on('manifests/1', (request, response) => {
          response.setHeader('docker-content-digest', image.root.digest);
          stranger.serve(request, response);
        });
      const before = stranger.seen.length;
      expect((await images.pull(name, {}, soon())).id).to.equal(tagged.id);
      expect(stranger.seen.slice(before).map((line) => line.split(' ')[0])).to.deep.equal(['HEAD']);
    }
  });

  it('is asked for all the same: who may not have it at its registry gets no answer from here', async () => {
    await using meeting = await Meeting.begin();
    const [digest = ''] = (await meeting.pull()).repoDigests;
    meeting.stranger.on('/v2/', say(401, '', { 'www-authenticate': 'Basic realm=x' }));
    expect(await errorOf(meeting.images.pull(digest, { auth }, soon()))).to.include({ code: 'unauthenticated' });
  });

  it('is fetched where a registry answers no HEAD', async () => {
    await using meeting = await Meeting.begin();
    const { id } = await meeting.pull();
    meeting.stranger.on('manifests/1', (request, response) => {
      if (request.method === 'HEAD') response.writeHead(405).end();
      else meeting.stranger.serve(request, response);
    });
    expect((await meeting.pull()).id).to.equal(id);
  });

  it('may be the beginning of one id, and is told as ambiguous when several begin so', async () => {
    await using meeting = await Meeting.begin();
    const { images, work } = meeting;
    // One more than there are hex digits: two of them begin alike.
    const made = Array.from({ length: 17 }, (_, at) => buildImage({ layers: [], config: { Env: [`A=${at}`] } }));
    for (const [at, one] of made.entries()) {
      writeFileSync(join(work, 'archive'), ociArchive(one, `made:${at}`));
      await images.import(join(work, 'archive'), {}, soon());
    }
    const ids = made.map(({ id }) => id.slice('sha256:'.length));
    const alike = ids.find((id, at) => ids.some((other, place) => place !== at && other[0] === id[0])) ?? '';
    const count = ids.filter((id) => id[0] === alike[0]).length;
    const said = `image id ${alike[0]} is ambiguous: ${count} images begin so; write more of it`;
    expect(() => images.find(alike[0] ?? '')).to.throw(said);
    expect(await errorOf(images.remove(`sha256:${alike[0]}`, soon()))).to.include({ code: 'invalid_argument' });
    expect(images.list()).to.have.length(17);
    for (const id of ids) expect(images.find(id.slice(0, 12))?.id).to.equal(`sha256:${id}`);
    await images.remove(alike.slice(0, 12), soon());
    expect(images.list().some(({ id }) => id.includes(alike))).to.equal(false);
  });

  it('may be an id that is here, and no other', async () => {
    await using meeting = await Meeting.begin();
    const { id } = await meeting.pull();
    expect((await meeting.images.pull(id, {}, soon())).id).to.equal(id);
    const error = await errorOf(meeting.images.pull(`sha256:${'0'.repeat(64)}`, {}, soon()));
    expect(error).to.include({ code: 'invalid_argument' });
    expect(error.message).to.contain('cannot be pulled');
  });
});
