import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { makeCertificate } from '../../fixtures/images/certificate.ts';
import { errorOf, openStore, soon, workDirectory } from './lab.ts';
import { image, Meeting } from './meeting.ts';
import { startStranger } from './stranger.ts';

/** An HTTP proxy that sends everything to one port of this machine, and what it was asked for, and by whom. */
async function startProxy(port: number, tunnelTo = 1) {
  const seen: string[] = [];
  const users = new Set<string | undefined>();
  const server = createServer((incoming, response) => {
    users.add(incoming.headers['proxy-authorization']);
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
    users.add(incoming.headers['proxy-authorization']);
    if (incoming.url?.startsWith('closed.') === true) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const onward = connect(tunnelTo, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    for (const end of [onward, socket]) end.on('error', () => [onward, socket].forEach((one) => one.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const url = `http://${host}`;
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url, host, seen, users, stop };
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

  it('is reached over TLS through it, with the name and password that the address of the proxy has', async () => {
    const certificate = makeCertificate(join(workDirectory(), 'tls'));
    const [key, cert] = [readFileSync(certificate.keyFile), readFileSync(certificate.certFile)];
    rmSync(dirname(dirname(certificate.keyFile)), { recursive: true });
    const secure = await startStranger(image, { key, cert });
    await using meeting = await Meeting.begin();
    await meeting.images.close();
    const proxy = await startProxy(Number(meeting.stranger.host.split(':')[1]), Number(secure.host.split(':')[1]));
    const withUser = `someone:p%40ss@${proxy.host}`;
    const images = await openStore(meeting.work, {
      registry: {
        certsDir: join(meeting.work, 'certs.d'),
        plainHttpHosts: ['plain.invalid'],
        // One as an address, one as people write it.
        proxy: { https_proxy: `http://${withUser}`, HTTP_PROXY: withUser, NO_PROXY: 'below.invalid' },
        silenceMs: 400,
      },
    });
    for (const host of ['secure.invalid', 'closed.invalid']) {
      mkdirSync(join(meeting.work, 'certs.d', host), { recursive: true });
      writeFileSync(join(meeting.work, 'certs.d', host, 'hosts.toml'), 'skip_verify = true\n');
    }
    const pull = async (name: string) => images.pull(`${name}/test/image:1`, {}, soon());
    expect((await pull('secure.invalid')).repoTags).to.deep.equal(['secure.invalid/test/image:1']);
    expect(proxy.seen).to.include('CONNECT secure.invalid:443');
    expect((await pull('plain.invalid')).repoTags).to.include('plain.invalid/test/image:1');
    expect([...proxy.users]).to.deep.equal([`Basic ${Buffer.from('someone:p@ss').toString('base64')}`]);
    const before = proxy.seen.length;
    expect(await errorOf(pull('a.below.invalid'))).to.include({ code: 'unavailable' });
    expect(proxy.seen.length).to.equal(before);
    const refused = await errorOf(pull('closed.invalid'));
    expect(refused).to.include({ code: 'unavailable' });
    expect(refused.message).to.contain('407').and.to.not.contain('p@ss').and.to.not.contain('p%40ss');
    await images.close();
    proxy.stop();
    await secure.stop();
  });
});
