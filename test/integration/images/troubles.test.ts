import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { errorOf, openStore, soon } from './lab.ts';
import { auth, good, image, Meeting } from './meeting.ts';
import { endless, say, startStranger } from './stranger.ts';
import type { Handler } from './stranger.ts';

const secret = `Basic ${Buffer.from('someone:secret').toString('base64')}`;

describe('a registry with troubles', function () {
  this.timeout(60_000);

  it('is forgiven two errors, a 429 and a hang-up', async () => {
    await using meeting = await Meeting.begin();
    const { stranger } = meeting;
    const hangUp: Handler = (request) => void request.socket.destroy();
    const troubles = [say(500), say(429, '', { 'retry-after': '0' }), hangUp];
    stranger.on('/v2/', (request, response) => {
      (troubles.pop() ?? stranger.serve)(request, response);
    });
    expect((await meeting.pull()).layers).to.have.length(1);
  });

  it('may hang up after each 500 KB: the download goes on where it ended', async () => {
    await using meeting = await Meeting.begin();
    const { stranger } = meeting;
    const starts: string[] = [];
    stranger.on(good.digest, (request, response) => {
      starts.push(request.headers.range ?? 'all');
      const from = Number(/[0-9]+/.exec(request.headers.range ?? '')?.[0] ?? 0);
      const range = { 'content-range': `bytes ${from}-${good.blob.length - 1}/${good.blob.length}` };
      response.writeHead(from > 0 ? 206 : 200, { 'content-length': String(good.blob.length - from), ...range });
      response.write(good.blob.subarray(from, from + 500_000), () => {
        if (from + 500_000 < good.blob.length) response.destroy();
      });
    });
    await meeting.pull();
    expect(starts.length).to.be.greaterThan(5);
    expect(starts.slice(0, 2).join()).to.match(/^all,bytes=[1-9][0-9]*-$/);
  });

  it('may die in the middle: the next daemon goes on where it ended', async () => {
    await using meeting = await Meeting.begin();
    const { stranger } = meeting;
    stranger.on(good.digest, (request, response) => {
      if (request.headers.range !== undefined) return void request.socket.destroy();
      response.writeHead(200, { 'content-length': String(good.blob.length) });
      response.write(good.blob.subarray(0, 2_000_000), () => setTimeout(() => response.destroy(), 50));
    });
    expect(await errorOf(meeting.pull())).to.include({ code: 'unavailable' });
    await meeting.images.close();
    const next = await openStore(meeting.work);
    stranger.on(good.digest, (request, response) => {
      expect(request.headers.range).to.match(/^bytes=[12][0-9]{6}-$/);
      stranger.serve(request, response);
    });
    await next.pull(`${stranger.host}/test/image:1`, {}, soon());
    await next.close();
    expect(readdirSync(join(meeting.work, 'ingest'))).to.deep.equal([]);
  });

  it('has the blob fetched anew when what was kept of it is wrong', async () => {
    await using meeting = await Meeting.begin();
    const hex = (digest: string) => digest.slice('sha256:'.length);
    const kept = join(meeting.work, 'ingest', `${hex(good.diffId)}-${hex(good.digest).slice(0, 16)}`);
    for (const wrong of [Buffer.alloc(1000), Buffer.alloc(good.blob.length), Buffer.alloc(good.blob.length + 1)]) {
      writeFileSync(kept, wrong);
      const { id } = await meeting.pull();
      await meeting.images.remove(id, soon());
    }
    meeting.expectNothingLeft();
  });

  it('is told how far a pull is while it goes on, and the metrics what came', async () => {
    const told: string[] = [];
    let received = 0;
    const meter = {
      begin: () => {
        told.push('begun');
        return (cause?: string) => void told.push(cause ?? 'well');
      },
      received: (bytes: number) => void (received += bytes),
    };
    await using meeting = await Meeting.begin(image, { meter });
    const { stranger, images } = meeting;
    const name = `${stranger.host}/test/image:1`;
    expect(images.progress(name)).to.deep.equal([]);
    let resume = (): void => undefined;
    stranger.on(good.digest, (_request, response) => {
      response.writeHead(200, { 'content-length': String(good.blob.length) });
      response.write(good.blob.subarray(0, 1_500_000));
      resume = () => response.end(good.blob.subarray(1_500_000));
    });
    const pulled = meeting.pull();
    while ((images.progress(name)[0]?.layers[0]?.received ?? 0) < 1_500_000)
      await new Promise((resolve) => setTimeout(resolve, 5));
    const state = { digest: good.digest, size: good.blob.length, received: 1_500_000, state: 'downloading' };
    expect(images.progress(name)).to.deep.equal([{ reference: name, layers: [state] }]);
    resume();
    await pulled;
    expect(images.progress(name)).to.deep.equal([]);
    expect(told).to.deep.equal(['begun', 'well']);
    expect(received).to.equal(good.blob.length);
  });

  it('is left alone for the rest of a pull when it is a mirror that does not answer', async () => {
    await using meeting = await Meeting.begin();
    const mirror = await startStranger(image);
    mirror.on('/v2/', (request) => void request.socket.destroy());
    meeting.hosts(`[host."${mirror.origin}"]\n`);
    expect((await meeting.pull()).layers).to.have.length(1);
    expect(mirror.seen).to.have.length(1);
    await mirror.stop();
  });

  it('gets credentials of the file by its own name when it is a mirror', async () => {
    const mirror = await startStranger(image);
    const authFile = '/var/tmp/cricket-auth-mirror.json';
    await using meeting = await Meeting.begin(image, {});
    await meeting.images.close();
    const images = await openStore(meeting.work, {
      registry: { certsDir: join(meeting.work, 'certs.d'), plainHttpHosts: [], silenceMs: 400, authFile },
    });
    writeFileSync(authFile, JSON.stringify({ auths: { [`${mirror.host}/test`]: auth } }));
    mirror.on('/v2/', (request, response) => {
      if (request.headers.authorization === secret) mirror.serve(request, response);
      else response.writeHead(401, { 'www-authenticate': 'Basic realm=x' }).end();
    });
    meeting.hosts(`[host."${mirror.origin}"]\n`);
    meeting.stranger.on('/v2/', say(500));
    expect((await images.pull(`${meeting.stranger.host}/test/image:1`, {}, soon())).layers).to.have.length(1);
    expect(meeting.stranger.seen).to.deep.equal([]);
    rmSync(authFile);
    await images.close();
    await mirror.stop();
  });

  it('loses a pull that nobody waits for any more', async () => {
    await using meeting = await Meeting.begin(image, { graceMs: 50 });
    const { stranger, images } = meeting;
    stranger.on(good.digest, () => undefined);
    expect(await errorOf(images.pull(`${stranger.host}/test/image:1`, {}, AbortSignal.timeout(100)))).to.include({
      code: 'deadline_exceeded',
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const asked = stranger.seen.length;
    stranger.on(good.digest, stranger.serve);
    await meeting.pull();
    expect(stranger.seen.length, 'the first pull had ended, the second one began anew').to.be.greaterThan(asked + 1);
  });

  it('may have no ranges: the download starts again', async () => {
    await using meeting = await Meeting.begin();
    const { stranger } = meeting;
    let first = true;
    stranger.on(good.digest, (request, response) => {
      delete request.headers.range;
      if (!first) {
        stranger.serve(request, response);
        return;
      }
      first = false;
      response.writeHead(200, { 'content-length': String(good.blob.length) });
      response.write(good.blob.subarray(0, 100_000), () => response.destroy());
    });
    await meeting.pull();
  });

  it('does not learn a password that was meant for another host or port', async () => {
    await using meeting = await Meeting.begin();
    const { stranger } = meeting;
    const thief = await startStranger(image);
    stranger.on('/v2/', (request, response) => {
      if (request.headers.authorization === undefined) {
        say(401, '', { 'www-authenticate': 'Basic realm=x' })(request, response);
        return;
      }
      say(307, '', { location: `${thief.origin}${request.url ?? ''}` })(request, response);
    });
    await meeting.pull({ auth });
    expect(stranger.seen.some((line) => line.endsWith(secret))).to.equal(true);
    expect(thief.seen.length).to.be.greaterThan(2);
    expect(thief.seen.filter((line) => line.includes('Basic'))).to.deep.equal([]);
    await thief.stop();
  });

  it('does not learn a password as a mirror', async () => {
    await using meeting = await Meeting.begin();
    const { stranger } = meeting;
    const mirror = await startStranger(image);
    mirror.on('/v2/', (request, response) => say(401, '', { 'www-authenticate': 'Basic realm=x' })(request, response));
    meeting.hosts(`[host."${mirror.origin}"]\n`);
    await meeting.pull({ auth });
    expect(mirror.seen.length).to.be.greaterThan(0);
    expect(mirror.seen.filter((line) => line.includes('Basic'))).to.deep.equal([]);
    expect(mirror.seen[0]).to.contain(`ns=${encodeURIComponent(stranger.host)}`);
    await mirror.stop();
  });

  it('sends no password to a token server without TLS that is not on this machine', async () => {
    await using meeting = await Meeting.begin();
    const { stranger } = meeting;
    meeting.hosts(`server = "http://${stranger.host}"`);
    stranger.on('/v2/', say(401, '', { 'www-authenticate': 'Bearer realm="ftp://x/token"' }));
    expect(await errorOf(meeting.pull({ auth }))).to.include({ code: 'failed_precondition' });
  });

  for (const [what, act] of Object.entries({
    'an endless token': endless,
    'no token': say(200, '{}'),
    'a refusal': say(403),
    'no JSON': say(200, 'x'),
  }))
    it(`gives up on a token server with ${what}`, async () => {
      await using meeting = await Meeting.begin();
      const { stranger } = meeting;
      stranger.on('/v2/', say(401, '', { 'www-authenticate': `Bearer realm="${stranger.origin}/token"` }));
      stranger.on('/token', act);
      const error = await errorOf(meeting.pull({ auth }));
      expect(error.code).to.be.oneOf(['resource_exhausted', 'unauthenticated', 'invalid_argument']);
      meeting.expectNothingLeft();
    });

  it('is replaced by the registry where it is a mirror that lies', async () => {
    await using meeting = await Meeting.begin();
    const liar = await startStranger(image);
    liar.on(good.digest, say(200, 'x'.repeat(good.blob.length)));
    meeting.hosts(`[host."${liar.origin}"]\n`);
    expect((await meeting.pull()).layers).to.have.length(1);
    expect(liar.seen.some((line) => line.includes(good.digest))).to.equal(true);
    await liar.stop();
  });

  it('does not see its pull go on when the daemon closes', async () => {
    await using meeting = await Meeting.begin();
    const { stranger } = meeting;
    stranger.on(good.digest, () => undefined);
    const error = errorOf(meeting.pull());
    while (!stranger.seen.some((line) => line.includes(good.digest)))
      await new Promise((resolve) => setTimeout(resolve, 5));
    await meeting.images.close();
    expect(await error).to.include({ code: 'cancelled' });
    meeting.expectNothingLeft();
  });
});
