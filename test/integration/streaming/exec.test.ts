import { expect } from 'chai';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { openLocalStreaming } from './local-targets.ts';
import type { LocalStreaming } from './local-targets.ts';
import { until } from './serves.ts';
import { connectSpdy, requestUpgrade, spdyHeaders } from './spdy-client.ts';
import type { SpdyClient } from './spdy-client.ts';
import { connectChannels } from './websocket-client.ts';

/** The streams that a client of exec opens. */
function openStreams(client: SpdyClient, ...types: readonly string[]) {
  return Object.fromEntries(types.map((type) => [type, client.open({ streamtype: type })])) as Record<string, number>;
}

describe('streaming: exec over SPDY/3.1', () => {
  let local: LocalStreaming;
  beforeEach(async () => (local = await openLocalStreaming()));
  afterEach(async () => local[Symbol.asyncDispose]());

  for (const protocol of ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io', '']) {
    it(`speaks ${protocol === '' ? 'with a client that names no protocol' : protocol}`, async () => {
      const client = await connectSpdy(await local.exec('cat; echo oops >&2; exit 3', { stdin: true }), protocol);
      if (protocol !== '') expect(client.answer).to.include(`X-Stream-Protocol-Version: ${protocol}`);
      const {
        error = 0,
        stdin = 0,
        stdout = 0,
        stderr = 0,
      } = openStreams(client, 'error', 'stdin', 'stdout', 'stderr');
      client.data(stdin, Buffer.from('to and fro'), true);
      await until(() => client.closed);
      expect(client.text(stdout)).to.equal('to and fro');
      expect(client.text(stderr)).to.equal('oops\n');
      expect([error, stdin, stdout, stderr].map((id) => client.stream(id).ended)).to.deep.equal(Array(4).fill(true));
      expect(client.goneAway).to.equal(true);
      const message = 'command terminated with non-zero exit code: 3';
      if (!protocol.startsWith('v4')) expect(client.text(error)).to.equal(message);
      else
        expect(JSON.parse(client.text(error))).to.deep.equal({
          ...{ metadata: {}, status: 'Failure', message, reason: 'NonZeroExitCode' },
          details: { causes: [{ reason: 'ExitCode', message: '3' }] },
        });
    });
  }

  it('takes the first protocol of the client that it knows', async () => {
    const { answer, socket } = await requestUpgrade(
      await local.exec('true'),
      spdyHeaders('v9.channel.k8s.io, v3.channel.k8s.io,v4.channel.k8s.io'),
    );
    socket.destroy();
    expect(answer).to.match(/^HTTP\/1\.1 101 /);
    expect(answer).to.include('X-Stream-Protocol-Version: v3.channel.k8s.io');
  });

  it('says success on v4 and nothing before it', async () => {
    for (const [protocol, expected] of [
      ['v4.channel.k8s.io', '{"metadata":{},"status":"Success"}'],
      ['v2.channel.k8s.io', ''],
    ] as const) {
      const client = await connectSpdy(await local.exec('true', { stderr: false }), protocol);
      const { error = 0 } = openStreams(client, 'error', 'stdout');
      await until(() => client.closed);
      expect(client.text(error)).to.equal(expected);
    }
  });

  it('waits for every stream, in any order, and for the size with a terminal', async () => {
    const client = await connectSpdy(await local.exec('cat', { stdin: true, tty: true }));
    const { resize = 0, stdin = 0 } = openStreams(client, 'resize', 'stdout', 'stdin');
    await until(() => client.stream(stdin).replied);
    client.data(resize, Buffer.from('{"Width":80,"Hei'));
    client.data(resize, Buffer.from('ght":24}\n{"Width":132,"Height":50}\n{"Width":0,"Height":9}{"Wid'));
    await delay(50);
    expect(local.children).to.have.length(0);
    openStreams(client, 'error');
    await until(() => local.told.includes('132x50'));
    client.data(stdin, Buffer.alloc(0), true);
    await until(() => client.closed);
  });

  it('refuses a stream of another name, a second one of the same, and goes on', async () => {
    const client = await connectSpdy(await local.exec('echo fine', { stderr: false }));
    const odd = client.open({ streamtype: 'telepathy' });
    const none = client.open({});
    const first = client.open({ streamtype: 'stdout' });
    const second = client.open({ streamtype: 'stdout' });
    openStreams(client, 'error');
    await until(() => client.closed);
    expect([odd, none, second].map((id) => client.stream(id).reset)).to.deep.equal([3, 3, 3]);
    expect(client.text(first)).to.equal('fine\n');
  });

  it('carries binary data of many sizes both ways, whole', async () => {
    const client = await connectSpdy(await local.exec('cat', { stdin: true, stderr: false }));
    const { stdin = 0, stdout = 0 } = openStreams(client, 'error', 'stdin', 'stdout');
    const all = Buffer.from(Array.from({ length: 1_000_003 }, (_, i) => (i * 7 + (i >> 8)) & 255));
    for (let at = 0, size = 1; at < all.length; at += size, size = (size * 3) % 70_001)
      client.data(stdin, all.subarray(at, at + size));
    client.data(stdin, Buffer.alloc(0), true);
    await until(() => client.closed);
    expect(Buffer.concat(client.stream(stdout).chunks).equals(all)).to.equal(true);
  });

  it('lets a process that has closed its input run on, and throws away what comes', async () => {
    const client = await connectSpdy(
      await local.exec('exec <&-; sleep 0.3; echo still here', { stdin: true, stderr: false }),
    );
    const { stdin = 0, stdout = 0 } = openStreams(client, 'error', 'stdin', 'stdout');
    for (let i = 0; i < 40; i += 1) client.data(stdin, Buffer.alloc(65_536));
    client.data(stdin, Buffer.alloc(0), true);
    await until(() => client.closed);
    expect(client.text(stdout)).to.equal('still here\n');
  });

  it('throws away what comes on streams that are for nobody', async () => {
    const client = await connectSpdy(await local.exec('head -c 1; echo', { stdin: false, tty: true }));
    const { stdin = 0, error = 0, stdout = 0 } = openStreams(client, 'stdin', 'error', 'stdout');
    for (const id of [stdin, error, stdout]) for (let i = 0; i < 20; i += 1) client.data(id, Buffer.alloc(65_536));
    openStreams(client, 'resize');
    await until(() => client.closed);
    expect(client.text(stdout)).to.equal('\n');
  });

  it('answers pings of the client, not its own', async () => {
    const client = await connectSpdy(await local.exec('cat', { stdin: true }));
    for (const id of [1, 2, 3]) client.ping(id);
    await until(() => client.pings.includes(3));
    expect(client.pings).to.deep.equal([1, 3]);
    client.socket.destroy();
  });

  it('hangs up when the client goes', async () => {
    const client = await connectSpdy(await local.exec('cat', { stdin: true }));
    openStreams(client, 'error', 'stdin', 'stdout', 'stderr');
    await until(() => local.children.length === 1);
    client.socket.destroy();
    await until(() => local.told.includes('hang up'));
    await until(() => local.children[0]?.exitCode === 0);
  });

  it('tells why a program was not started', async () => {
    const url = await local.streaming.issue({
      ...{ kind: 'exec', containerId: 'x', command: ['/nosuch'] },
      ...{ tty: false, stdin: false, stdout: true, stderr: false },
    });
    const client = await connectSpdy(url);
    const { error = 0 } = openStreams(client, 'error', 'stdout');
    await until(() => client.closed);
    expect(JSON.parse(client.text(error))).to.include({ status: 'Failure', reason: 'InternalError', code: 500 });
    expect(client.text(error)).to.include('ENOENT');
  });

  it('ends with a reason when the daemon does', async () => {
    const client = await connectSpdy(await local.exec('echo here; exec sleep 60', { stderr: false }));
    const { error = 0, stdout = 0 } = openStreams(client, 'error', 'stdout');
    await until(() => client.text(stdout) === 'here\n');
    await local.streaming[Symbol.asyncDispose]();
    await until(() => client.closed);
    expect(client.text(error)).to.include('the container runtime is being stopped');
  });
});

describe('streaming: exec over WebSocket', () => {
  let local: LocalStreaming;
  beforeEach(async () => (local = await openLocalStreaming()));
  afterEach(async () => local[Symbol.asyncDispose]());

  for (const protocol of [
    'v5.channel.k8s.io',
    'v4.channel.k8s.io',
    'channel.k8s.io',
    'v4.base64.channel.k8s.io',
    'base64.channel.k8s.io',
  ]) {
    it(`speaks ${protocol}`, async () => {
      const client = await connectChannels(
        await local.exec('head -c 10; echo oops >&2; exit 3', { stdin: true }),
        protocol,
      );
      expect(client.socket.protocol).to.equal(protocol);
      client.send(0, 'to ');
      client.send(0, 'and fro');
      expect(await client.closed).to.equal(1000);
      expect(client.text(1)).to.equal('to and fro');
      expect(client.text(2)).to.equal('oops\n');
      expect(client.channels.get(1)?.[0]).to.have.length(0);
      if (/^v[45]/.test(protocol)) expect(JSON.parse(client.text(3))).to.include({ reason: 'NonZeroExitCode' });
      else expect(client.text(3)).to.equal('command terminated with non-zero exit code: 3');
      expect(client.channels.get(3)).to.have.length(1);
    });
  }

  it('ends the input by the CLOSE signal of v5, and only of v5', async () => {
    const five = await connectChannels(await local.exec('wc -c', { stdin: true }), 'v5.channel.k8s.io');
    five.send(0, 'abc');
    five.socket.send(Buffer.from([255, 0]));
    await five.closed;
    expect(five.text(1)).to.equal('3\n');
    const four = await connectChannels(await local.exec('cat', { stdin: true }), 'v4.channel.k8s.io');
    four.socket.send(Buffer.from([255, 0]));
    four.send(0, 'goes on');
    await until(() => four.text(1) === 'goes on');
    four.socket.close();
    await until(() => local.told.includes('hang up'));
  });

  it('tells terminal sizes', async () => {
    const client = await connectChannels(await local.exec('cat', { stdin: true, tty: true }), 'v5.channel.k8s.io');
    client.send(4, '{"Width":100,"Height":30}');
    await until(() => local.told.includes('100x30'));
    client.socket.send(Buffer.from([255, 0]));
    expect(await client.closed).to.equal(1000);
  });

  it('takes a message longer than it would keep, in fragments too', async () => {
    const client = await connectChannels(await local.exec('md5sum', { stdin: true }), 'v5.channel.k8s.io');
    const big = Buffer.alloc(20_000_000, 'x');
    big[0] = 0;
    client.socket.send(big);
    client.socket.send(Buffer.from('\0part '), { fin: false });
    client.socket.send(Buffer.from('of one'), { fin: true });
    client.socket.send(Buffer.from([255, 0]));
    await client.closed;
    expect(client.text(1)).to.match(/^[0-9a-f]{32} /);
    const { createHash } = await import('node:crypto');
    const sum = createHash('md5').update(big.subarray(1)).update('part of one').digest('hex');
    expect(client.text(1)).to.equal(`${sum}  -\n`);
  });

  it('answers pings, and a close by a close', async () => {
    const client = await connectChannels(await local.exec('cat', { stdin: true }), 'v5.channel.k8s.io');
    client.socket.ping('are you there');
    const [payload] = (await once(client.socket, 'pong')) as [Buffer];
    expect(payload.toString()).to.equal('are you there');
    client.socket.close(1000);
    expect(await client.closed).to.equal(1000);
  });

  it('refuses protocols that it does not know, naming those it does', async () => {
    const url = await local.exec('true');
    const failed = await connectChannels(url, ['v9.channel.k8s.io']).catch((error: unknown) => String(error));
    expect(failed).to.include('403');
  });
});
