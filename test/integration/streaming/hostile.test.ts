import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { constants, deflateSync } from 'node:zlib';
import { dictionary } from '../../../src/server/streaming/spdy/dictionary.ts';
import { controlFrame, opcodes } from '../../../src/server/streaming/websocket/parser.ts';
import { eventually } from '../../fixtures/pods.ts';
import { openLocalStreaming } from './local-targets.ts';
import type { LocalStreaming } from './local-targets.ts';
import { serves, until } from './serves.ts';
import { connectSpdy, dataHeader, frame, requestUpgrade } from './spdy-client.ts';
import { connectChannels } from './websocket-client.ts';

describe('streaming: clients that mean no good', () => {
  let local: LocalStreaming;
  let anyUrl = '';
  beforeEach(async () => {
    local = await openLocalStreaming();
    anyUrl = await local.exec('true');
  });
  afterEach(async () => local[Symbol.asyncDispose]());

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
      await serves(local);
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
    await serves(local);
  });

  it('SPDY: more streams than there is use for', async () => {
    const client = await connectSpdy(await local.ports(), 'portforward.k8s.io');
    for (let i = 0; i < 3_000; i += 1) client.open({ streamtype: 'data', port: '1', requestid: String(i) });
    await until(() => client.stream(5_999).reset === 3);
    expect([...client.streams.values()].filter(({ replied }) => replied)).to.have.length(2_000);
    client.socket.destroy();
    await serves(local);
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
    await serves(local);
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
      const said = Buffer.concat([head, ...((await socket.toArray()) as Buffer[])]);
      // The greeting, then a close frame of 1002.
      expect(said.subarray(-4)).to.deep.equal(Buffer.from([0x88, 2, 0x03, 0xea]));
      await serves(local);
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
    await serves(local);
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
