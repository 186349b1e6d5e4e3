import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { eventually } from '../../fixtures/pods.ts';
import { openLocalStreaming } from './local-targets.ts';
import type { LocalStreaming } from './local-targets.ts';
import { serves, until } from './serves.ts';
import { connectSpdy, requestUpgrade, spdyHeaders } from './spdy-client.ts';

describe('streaming: who gets no session, or none for long', () => {
  let local: LocalStreaming;
  let anyUrl = '';
  beforeEach(async () => {
    local = await openLocalStreaming();
    anyUrl = await local.exec('true');
  });
  afterEach(async () => local[Symbol.asyncDispose]());

  const sample = async (name: string, labels: Readonly<Record<string, string>>) => {
    const metric = await local.metrics.registry.getSingleMetric(name)?.get();
    const same = (one: Readonly<Record<string, unknown>>) =>
      Object.entries(labels).every(([key, value]) => one[key] === value);
    return metric?.values.find(({ labels: of }) => same(of))?.value ?? 0;
  };
  const refused = async (cause: string) => sample('cricket_streaming_refused_total', { cause });

  it('a token that is wrong, of another kind, cut short, too long, or used', async () => {
    const { origin, pathname } = new URL(anyUrl);
    const token = pathname.split('/')[2] ?? '';
    expect(token).to.match(/^[A-Za-z0-9_-]{32}$/);
    const wrong = [`/exec/${'A'.repeat(32)}`, `/exec/${token.slice(1)}`, `/exec/${token}A`, '/exec/', '/'];
    for (const path of wrong) {
      const { answer, socket } = await requestUpgrade(
        `${origin}/`.slice(0, -1) + path,
        spdyHeaders('v4.channel.k8s.io'),
      );
      expect(answer, path).to.match(/^HTTP\/1\.1 404 /);
      socket.destroy();
    }
    const again = await local.exec('true');
    const first = await requestUpgrade(again, spdyHeaders('v4.channel.k8s.io'));
    const second = await requestUpgrade(again, spdyHeaders('v4.channel.k8s.io'));
    expect(first.answer).to.match(/^HTTP\/1\.1 101 /);
    expect(second.answer).to.match(/^HTTP\/1\.1 404 /);
    first.socket.destroy();
    const other = await requestUpgrade(
      (await local.exec('true')).replace('/exec/', '/attach/'),
      spdyHeaders('v4.channel.k8s.io'),
    );
    expect(other.answer).to.match(/^HTTP\/1\.1 404 /);
    expect(await refused('token')).to.be.at.least(6);
    await serves(local);
  });

  it('a token is spent by who cannot speak', async () => {
    const answers = [];
    for (const headers of [spdyHeaders('v9.channel.k8s.io'), spdyHeaders('v4.channel.k8s.io')])
      answers.push((await requestUpgrade(anyUrl, headers)).answer);
    expect(answers[0]).to.match(/^HTTP\/1\.1 403 [^]*X-Accepted-Stream-Protocol-Versions: v4\.channel\.k8s\.io/);
    expect(answers[1]).to.match(/^HTTP\/1\.1 404 /);
    expect(await refused('protocol')).to.equal(1);
    await serves(local);
  });

  it('no upgrade, another upgrade, half a WebSocket handshake', async () => {
    const { origin } = new URL(anyUrl);
    for (const path of ['/', '/metrics', new URL(anyUrl).pathname])
      expect((await fetch(origin + path)).status).to.equal(426);
    const upgrades = [
      ['Connection: Upgrade', 'Upgrade: h2c'],
      ['Connection: Upgrade', 'Upgrade: websocket'],
      [
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 12',
        `Sec-WebSocket-Key: ${'A'.repeat(22)}==`,
      ],
    ];
    for (const headers of upgrades)
      expect((await requestUpgrade(await local.exec('true'), headers, 'GET')).answer).to.match(/^HTTP\/1\.1 400 /);
    await serves(local);
  });

  it('garbage, huge headers, a header that never ends', async () => {
    const answers: Socket[] = [];
    for (const bytes of [randomBytes(5_000), Buffer.from(`GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`)]) {
      const socket = connect(Number(new URL(anyUrl).port), '127.0.0.1').resume();
      socket.on('error', () => undefined);
      answers.push(socket);
      socket.write(bytes);
    }
    await until(() => answers.every((socket) => socket.destroyed || socket.readableEnded));
    expect(await refused('handshake')).to.equal(2);
    answers.forEach((socket) => socket.destroy());
    await serves(local);
  });

  it('a handshake that takes for ever', async function () {
    this.timeout(30_000);
    const sockets = Array.from({ length: 20 }, () => connect(Number(new URL(anyUrl).port), '127.0.0.1').resume());
    const timers = sockets.map((socket, i) => {
      socket.on('error', () => undefined);
      if (i % 2 === 0) socket.write('GET /exec/x HTTP/1.1\r\n');
      return setInterval(() => i % 2 === 0 && socket.write('X: y\r\n'), 500);
    });
    await eventually(() => {
      if (!sockets.every(({ readableEnded, destroyed }) => readableEnded || destroyed)) throw new Error('still there');
    }, 20_000);
    timers.forEach((timer) => clearInterval(timer));
    sockets.forEach((socket) => socket.destroy());
    await serves(local);
  });

  it('more sessions than the limit, and more URLs', async () => {
    await using few = await openLocalStreaming({ maxSessions: 3 });
    const urls = await Promise.all([1, 2, 3].map(async () => few.exec('exec sleep 60', { stderr: false })));
    expect(await few.exec('true').catch(String)).to.match(/3 streams were asked for and not begun/);
    const clients = await Promise.all(urls.map(async (url) => connectSpdy(url)));
    expect(await few.exec('true').catch(String)).to.match(
      /3 streaming sessions are open.*raise streaming\.max_sessions/,
    );
    clients.forEach(({ socket }) => socket.destroy());
    await eventually(async () => few.exec('true'));
  });

  it('serves IPv6 and every address, by a URL that leads to it', async () => {
    for (const [host, expected] of [
      ['::1', /^http:\/\/\[::1\]:\d+\/exec\//],
      ['::', /^http:\/\/\[::1\]:\d+\/exec\//],
      ['0.0.0.0', /^http:\/\/127\.0\.0\.1:\d+\/exec\//],
    ] as const) {
      await using other = await openLocalStreaming({ host });
      expect(await other.exec('true')).to.match(expected);
      await serves(other);
    }
    const taken = Number(new URL(anyUrl).port);
    const failed = await openLocalStreaming({ port: taken }).catch(String);
    expect(failed).to.match(/streaming on 127\.0\.0\.1:\d+: .*EADDRINUSE.*; choose another streaming\.address/);
  });

  it('a session in which nothing happens ends after its time', async () => {
    await using idle = await openLocalStreaming({ idleMs: 300 });
    const client = await connectSpdy(await idle.exec('exec sleep 60', { stderr: false }));
    client.open({ streamtype: 'error' });
    client.open({ streamtype: 'stdout' });
    await once(client.socket, 'close');
    await until(() => idle.told.includes('hang up'));
  });
});
