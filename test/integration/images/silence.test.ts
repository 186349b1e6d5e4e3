import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { expect } from 'chai';
import { errorOf, soon } from './lab.ts';
import { auth, good, image, Meeting } from './meeting.ts';
import { say } from './stranger.ts';
import type { Handler } from './stranger.ts';

const config = image.blobs.keys().find((digest) => digest !== good.digest) ?? '';
const nothing: Handler = () => undefined;
/** A byte now and then. */
const trickle: Handler = (_request, response) => {
  response.writeHead(200, { 'content-length': '100000' });
  const timer = setInterval(() => response.write('x'), 50);
  response.on('close', () => clearInterval(timer));
};

describe('a registry that says nothing', function () {
  this.timeout(60_000);

  /** Where it falls silent, how, and what the error says of it. */
  const silences: Readonly<Record<string, readonly [on: string, act: Handler, said: RegExp]>> = {
    'before the headers of a manifest': [
      '/manifests/1',
      nothing,
      /GET http:\S+\/manifests\/1: no answer within 400 ms/,
    ],
    'in the middle of a manifest': [
      '/manifests/1',
      trickle,
      /GET http:\S+\/manifests\/1: only \d+ bytes came in 400 ms/,
    ],
    'in the middle of a configuration': [config, trickle, /GET http:\S+\/blobs\/\S+: only \d+ bytes came in 400 ms/],
    'before the headers of a blob': [good.digest, nothing, /GET http:\S+\/blobs\/\S+: no answer within 400 ms/],
    'at its token server': ['/token', nothing, /GET http:\S+\/token: no answer within 400 ms/],
    'in the middle of a token': ['/token', trickle, /GET http:\S+\/token: only \d+ bytes came in 400 ms/],
  };

  it('is given up, whatever it is asked for, by an error that says which', async () => {
    const told = Object.entries(silences).map(async ([what, [on, act, said]]) => {
      await using meeting = await Meeting.begin();
      const { stranger } = meeting;
      if (on === '/token')
        stranger.on('/v2/', say(401, '', { 'www-authenticate': `Bearer realm="${stranger.origin}/token"` }));
      stranger.on(on, act);
      const error = await errorOf(meeting.pull({ auth }));
      expect(error.message, what).to.match(said);
      expect(error, what).to.include({ code: 'unavailable' });
      meeting.expectNothingLeft();
    });
    await Promise.all(told);
  });

  it('when asked whether a tag has moved is given up too', async () => {
    await using meeting = await Meeting.begin();
    await meeting.pull();
    meeting.stranger.on('/manifests/1', nothing);
    expect((await errorOf(meeting.pull())).message).to.match(/HEAD http:\S+\/manifests\/1: no answer within 400 ms/);
  });

  it('and takes connections only, speaks no TLS either: the error says that there was no connection', async () => {
    await using meeting = await Meeting.begin();
    const sockets: Socket[] = [];
    const mute = createServer((socket) => void sockets.push(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const address = `https://127.0.0.1:${(mute.address() as AddressInfo).port}`;
    meeting.hosts(`server = "${address}"\ndial_timeout = "150ms"\n`);
    const error = await errorOf(meeting.images.pull(`${meeting.stranger.host}/test/image:1`, {}, soon()));
    expect(error).to.include({ code: 'unavailable' });
    expect(error.message).to.contain(`GET ${address}/v2/test/image/manifests/1: no connection within 150 ms`);
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => mute.close(resolve));
  });
});
