import { expect } from 'chai';
import { text } from 'node:stream/consumers';
import { errorOf } from './lab.ts';
import { auth, good, image, Meeting } from './meeting.ts';
import { say, startStranger } from './stranger.ts';
import type { Handler, Stranger } from './stranger.ts';

/** Has the registry take only this token, and name its own /token as the place to get one. */
function guard(stranger: Stranger, isGood: (token: string) => boolean): void {
  const challenge = `Bearer realm="${stranger.origin}/token",service="the registry"`;
  stranger.on('/v2/', (request, response) => {
    if (isGood(/^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? '')) stranger.serve(request, response);
    else say(401, '', { 'www-authenticate': challenge })(request, response);
  });
}

describe('a registry that wants a token', function () {
  this.timeout(30_000);

  it('gets one for an identity token, which is posted as OAuth2 has it', async () => {
    await using meeting = await Meeting.begin();
    const { stranger } = meeting;
    const posted: string[] = [];
    guard(stranger, (token) => token === 'fresh');
    stranger.on('/token', (request, response) => {
      void text(request).then((body) => {
        posted.push(`${request.method ?? ''} ${request.headers['content-type'] ?? ''} ${body}`);
        say(200, '{"access_token":"fresh"}')(request, response);
      });
    });
    expect((await meeting.pull({ auth: { identityToken: 'long-lived' } })).layers).to.have.length(1);
    const [form = ''] = posted;
    expect(form).to.match(/^POST application\/x-www-form-urlencoded /);
    expect(Object.fromEntries(new URLSearchParams(form.split(' ').at(-1)))).to.deep.equal({
      grant_type: 'refresh_token',
      service: 'the registry',
      client_id: 'cricket',
      scope: 'repository:test/image:pull',
      refresh_token: 'long-lived',
    });
  });

  it('is sent a registry token as it is, and no token server is asked', async () => {
    await using meeting = await Meeting.begin();
    guard(meeting.stranger, (token) => token === 'given');
    expect((await meeting.pull({ auth: { registryToken: 'given' } })).layers).to.have.length(1);
    expect(await errorOf(meeting.pull({ auth: { registryToken: 'old' } }))).to.include({ code: 'unauthenticated' });
    expect(meeting.stranger.seen.filter((line) => line.includes('/token'))).to.deep.equal([]);
  });

  it('may end a token in the middle of a pull: another one is fetched', async () => {
    await using meeting = await Meeting.begin();
    const { stranger } = meeting;
    let count = 0;
    let isOver = false;
    guard(stranger, (token) => token === `token-${count}` && !isOver);
    const fresh: Handler = (request, response) => {
      isOver = false;
      say(200, JSON.stringify({ token: `token-${++count}` }))(request, response);
    };
    stranger.on('/token', fresh);
    let asked = false;
    stranger.on(good.digest, (request, response) => {
      isOver ||= !asked;
      asked = true;
      if (isOver || request.headers.authorization !== `Bearer token-${count}`)
        say(401, '', { 'www-authenticate': `Bearer realm="${stranger.origin}/token"` })(request, response);
      else stranger.serve(request, response);
    });
    expect((await meeting.pull({ auth })).layers).to.have.length(1);
    expect(count).to.equal(2);
  });

  it('learns no more than it is told: what goes to its token server goes nowhere else, posted or not', async () => {
    const thief = await startStranger(image);
    const stolen: string[] = [];
    thief.on('/', (request, response) => {
      void text(request).then((body) => {
        stolen.push(`${request.headers.authorization ?? ''}${body}`);
        say(200, '{"token":"x"}')(request, response);
      });
    });
    for (const secret of [{ identityToken: 'long-lived' }, auth])
      for (const status of [301, 302, 307, 308]) {
        await using meeting = await Meeting.begin();
        guard(meeting.stranger, (token) => token === 'x');
        meeting.stranger.on('/token', say(status, '', { location: `${thief.origin}/token` }));
        await errorOf(meeting.pull({ auth: secret }));
        meeting.expectNothingLeft();
      }
    expect(stolen.filter((told) => told !== '')).to.deep.equal([]);
    await thief.stop();
  });
});
