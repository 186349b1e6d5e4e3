import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { constants, deflateSync } from 'node:zlib';
import { dictionary } from '../../../src/server/streaming/spdy/dictionary.ts';
import { controlFrame, opcodes } from '../../../src/server/streaming/websocket/parser.ts';
import { eventually } from '../../fixtures/pods.ts';
import { openLocalStreaming } from './local-targets.ts';
import type { LocalStreaming } from './local-targets.ts';
import { connectSpdy, dataHeader, frame, requestUpgrade, spdyHeaders } from './spdy-client.ts';
import { connectChannels } from './websocket-client.ts';

const until = async (look: () => boolean) =>
  eventually(() => {
    if (!look()) throw new Error(`not so: ${look.toString()}`);
  });

describe('streaming: clients that mean no good', () => {
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

  /** Nothing is left of it: no session, and the server serves the next one. */
  async function serves(): Promise<void> {
    await eventually(async () => {
      const open = await local.metrics.registry.getSingleMetric('cricket_streaming_sessions')?.get();
      if (open?.values.some(({ value }) => value !== 0) === true) throw new Error(JSON.stringify(open.values));
    });
    const client = await connectSpdy(await local.exec('echo fine', { stderr: false }));
    client.open({ streamtype: 'error' });
    const stdout = client.open({ streamtype: 'stdout' });
    await until(() => client.closed);
    expect(client.text(stdout)).to.equal('fine\n');
  }

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
    await serves();
  });

  it('a token is spent by who cannot speak', async () => {
    const answers = [];
    for (const headers of [spdyHeaders('v9.channel.k8s.io'), spdyHeaders('v4.channel.k8s.io')])
      answers.push((await requestUpgrade(anyUrl, headers)).answer);
    expect(answers[0]).to.match(/^HTTP\/1\.1 403 [^]*X-Accepted-Stream-Protocol-Versions: v4\.channel\.k8s\.io/);
    expect(answers[1]).to.match(/^HTTP\/1\.1 404 /);
    expect(await refused('protocol')).to.equal(1);
    await serves();
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
    await serves();
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
    await serves();
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
    await serves();
  });

  const bomb = deflateSync(Buffer.alloc(20_000_000), { dictionary, finishFlush: constants.Z_SYNC_FLUSH });
  const syn = (block: Buffer) => frame(1, Buffer.concat([Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 0, 0]), block]));
  const nonsense: Readonly<Record<string, Buffer>> = {
    'headers that inflate without end': syn(bomb.subarray(0, 10_000)),
    'headers that are not compressed': syn(randomBytes(100)),
    'headers of another dictionary': syn(deflateSync(Buffer.alloc(4), { finishFlush: constants.Z_SYNC_FLUSH })),
    'more headers than there are bytes': syn(
      deflateSync(Buffer.from([0, 0, 0, 60, 0xff, 0xff, 0xff, 0xff]), {
        dictionary,
        finishFlush: constants.Z_SYNC_FLUSH,
      }),
    ),
    'a control frame of 16 MB': Buffer.from([0x80, 3, 0, 1, 0, 0xff, 0xff, 0xff]),
    'another version': Buffer.from([0x80, 2, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1]),
    'a frame that is too short': frame(3, Buffer.alloc(2)),
    'an answer to nothing': frame(2, Buffer.alloc(12)),
    'an even stream': syn(Buffer.alloc(0)),
  };
  for (const [name, bytes] of Object.entries(nonsense)) {
    it(`SPDY: ${name}`, async () => {
      const client = await connectSpdy(anyUrl);
      client.socket.write(bytes);
      await until(() => client.closed);
      expect(local.children).to.have.length(0);
      await serves();
    });
  }

  it('SPDY: half a frame, then nothing more; frames of streams that never were', async () => {
    for (const bytes of [frame(1, Buffer.alloc(50)).subarray(0, 20), dataHeader(7, 1_000_000), Buffer.from([0x80])]) {
      const client = await connectSpdy(await local.exec('true'));
      client.socket.write(dataHeader(99, 3));
      client.socket.write('abc');
      client.reset(77);
      client.socket.write(bytes);
      client.socket.destroy();
    }
    await serves();
  });

  it('SPDY: more streams than there is use for', async () => {
    const client = await connectSpdy(await local.ports(), 'portforward.k8s.io');
    for (let i = 0; i < 3_000; i += 1) client.open({ streamtype: 'data', port: '1', requestid: String(i) });
    await until(() => client.stream(5_999).reset === 3);
    expect([...client.streams.values()].filter(({ replied }) => replied)).to.have.length(2_000);
    client.socket.destroy();
    await serves();
  });

  it('pings without end from who does not read the answers', async () => {
    const client = await connectSpdy(anyUrl);
    client.socket.pause();
    const flood = Buffer.concat(Array.from({ length: 5_000 }, () => frame(6, Buffer.from([0, 0, 0, 1]))));
    const timer = setInterval(() => {
      while (!client.socket.destroyed && client.socket.writableLength < 1_000_000) client.socket.write(flood);
    }, 10);
    await until(() => client.socket.destroyed);
    clearInterval(timer);
    await serves();
  });

  const badFrames: Readonly<Record<string, Buffer>> = {
    'a frame without a mask': controlFrame(opcodes.binary, Buffer.from('\0x')),
    'an extension': Buffer.from([0xc2, 0x80, 0, 0, 0, 0]),
    'an opcode that is none': Buffer.from([0x83, 0x80, 0, 0, 0, 0]),
    'the rest of no message': Buffer.from([0x80, 0x80, 0, 0, 0, 0]),
    'a long ping': Buffer.from([0x89, 0xfe, 1, 0, 0, 0, 0, 0]),
    'a ping in parts': Buffer.from([0x09, 0x80, 0, 0, 0, 0]),
    'a length beyond counting': Buffer.from([0x82, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
  };
  for (const [name, bytes] of Object.entries(badFrames)) {
    it(`WebSocket: ${name}`, async () => {
      const key = ['Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${'A'.repeat(22)}==`];
      const url = await local.exec('exec cat', { stdin: true });
      const { socket, answer, head } = await requestUpgrade(
        url,
        ['Connection: Upgrade', 'Upgrade: websocket', ...key],
        'GET',
      );
      expect(answer).to.match(/^HTTP\/1\.1 101 /);
      socket.write(bytes);
      const said = Buffer.concat([head, ...(await socket.toArray())] as Buffer[]);
      // The greeting, then a close frame of 1002.
      expect(said.subarray(-4)).to.deep.equal(Buffer.from([0x88, 2, 0x03, 0xea]));
      await serves();
    });
  }

  it('WebSocket: channels that are not there, empty messages, a CLOSE of nothing', async () => {
    const client = await connectChannels(await local.exec('exec cat', { stdin: true }), 'v5.channel.k8s.io');
    for (const message of ['', '\u0005x', '\u00ff', '\u0001to stdout', '\u0003to the status'])
      client.socket.send(Buffer.from(message, 'latin1'));
    client.socket.send(Buffer.from([255, 9]));
    client.send(0, 'fine');
    await until(() => client.text(1) === 'fine');
    client.socket.terminate();
    await serves();
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

  it('a session in which nothing happens ends after its time', async () => {
    await using idle = await openLocalStreaming({ idleMs: 300 });
    const client = await connectSpdy(await idle.exec('exec sleep 60', { stderr: false }));
    client.open({ streamtype: 'error' });
    client.open({ streamtype: 'stdout' });
    await once(client.socket, 'close');
    await until(() => idle.told.includes('hang up'));
  });

  it('a client that dies while its process takes no input is missed', async function () {
    this.timeout(60_000);
    const client = await connectSpdy(await local.exec('exec sleep 60', { stdin: true, stderr: false }));
    client.open({ streamtype: 'error' });
    client.open({ streamtype: 'stdout' });
    const stdin = client.open({ streamtype: 'stdin' });
    await until(() => local.children.length === 1);
    for (let i = 0; i < 300; i += 1) client.data(stdin, Buffer.alloc(65_536));
    await until(() => client.socket.bytesWritten > 1_000_000);
    client.socket.destroy();
    await eventually(() => expect(local.told).to.include('hang up'), 40_000);
  });
});
