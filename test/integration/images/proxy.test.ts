import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { expect } from 'chai';
import { errorOf, openStore, soon } from './lab.ts';
import { Meeting } from './meeting.ts';

/** An HTTP proxy that sends everything to one port of this machine, and what it was asked for. */
async function startProxy(port: number) {
  const seen: string[] = [];
  const server = createServer((incoming, response) => {
    seen.push(`${incoming.method ?? ''} ${incoming.url ?? ''}`);
    const path = URL.parse(incoming.url ?? '')?.pathname ?? '/';
    const onward = request({ port, path, method: incoming.method, headers: incoming.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(onward);
  });
  server.on('connect', (incoming, socket) => {
    seen.push(`CONNECT ${incoming.url ?? ''}`);
    const onward = connect(1, '127.0.0.1');
    onward.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url, seen, stop };
}

describe('a registry behind a proxy', function () {
  this.timeout(30_000);

  it('is reached through it, unless NO_PROXY or loopback says otherwise', async () => {
    await using meeting = await Meeting.begin();
    const proxy = await startProxy(Number(meeting.stranger.host.split(':')[1]));
    const env = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, NO_PROXY: 'direct.invalid' };
    const registry = {
      certsDir: '/nowhere',
      plainHttpHosts: ['proxied.invalid', 'direct.invalid'],
      proxy: env,
      silenceMs: 2000,
    };
    await meeting.images.close();
    const images = await openStore(meeting.work, { registry });
    await images.pull('proxied.invalid/test/image:1', {}, soon());
    expect(proxy.seen.every((line) => line.startsWith('GET http://proxied.invalid/v2/test/image/'))).to.equal(true);
    const before = proxy.seen.length;
    expect(before).to.be.greaterThan(1);
    await images.pull(`${meeting.stranger.host}/test/image:1`, {}, soon());
    expect(await errorOf(images.pull('direct.invalid/test/image:1', {}, soon()))).to.include({ code: 'unavailable' });
    expect(proxy.seen.length).to.equal(before);
    expect(await errorOf(images.pull('secure.invalid/test/image:1', {}, soon()))).to.include({ code: 'unavailable' });
    expect(proxy.seen.at(-1)).to.equal('CONNECT secure.invalid:443');
    await images.close();
    proxy.stop();
  });
});
