import { expect } from 'chai';
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { openLocalStreaming } from './local-targets.ts';
import type { LocalStreaming } from './local-targets.ts';
import { until } from './serves.ts';
import { connectSpdy } from './spdy-client.ts';
import type { SpdyClient } from './spdy-client.ts';
import { connectChannels } from './websocket-client.ts';

const protocol = 'portforward.k8s.io';

/** One connection of a client: its two streams. */
function openPair(client: SpdyClient, port: number, request: number) {
  const headers = { port: String(port), requestid: String(request) };
  const error = client.open({ ...headers, streamtype: 'error' });
  client.data(error, Buffer.alloc(0), true);
  return { error, data: client.open({ ...headers, streamtype: 'data' }) };
}

describe('streaming: port-forward', () => {
  let local: LocalStreaming;
  const servers: Server[] = [];
  beforeEach(async () => (local = await openLocalStreaming()));
  afterEach(async () => {
    await local[Symbol.asyncDispose]();
    for (const server of servers.splice(0)) server.close();
  });

  async function serve(onConnection: (socket: Socket) => void): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined);
      onConnection(socket);
    });
    servers.push(server);
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', () => resolve());
    await promise;
    return (server.address() as AddressInfo).port;
  }

  const echo = async () => serve((socket) => void socket.pipe(socket));
  const refusing = async () => {
    const port = await echo();
    const { promise, resolve } = Promise.withResolvers<void>();
    servers.pop()?.close(() => resolve());
    await promise;
    return port;
  };

  it('carries a hundred connections at once, each half ending by itself', async () => {
    const port = await echo();
    const client = await connectSpdy(await local.ports(), protocol);
    const sent = Array.from({ length: 100 }, (_, i) => ({
      ...openPair(client, port, i),
      bytes: randomBytes(20_000 + i),
    }));
    for (const { data, bytes } of sent) client.data(data, bytes.subarray(0, 10_000));
    for (const { data, bytes } of sent.toReversed()) client.data(data, bytes.subarray(10_000), true);
    await until(() => sent.every(({ data, error }) => client.stream(data).ended && client.stream(error).ended));
    for (const { data, error, bytes } of sent) {
      const sums = [Buffer.concat(client.stream(data).chunks), bytes].map((one) =>
        createHash('md5').update(one).digest('hex'),
      );
      expect(sums[0]).to.equal(sums[1]);
      expect(client.text(error)).to.equal('');
    }
    expect(client.closed).to.equal(false);
    client.socket.destroy();
  });

  it('tells who is refused why, and goes on with the others', async () => {
    const [port, none] = [await echo(), await refusing()];
    const client = await connectSpdy(await local.ports(), protocol);
    const good = openPair(client, port, 1);
    const bad = openPair(client, none, 2);
    await until(() => client.stream(bad.error).ended);
    expect(client.text(bad.error)).to.match(new RegExp(`^error forwarding port ${none}: .*ECONNREFUSED`));
    await until(() => client.stream(bad.data).reset !== undefined);
    client.data(good.data, Buffer.from('still'), true);
    await until(() => client.stream(good.data).ended);
    expect(client.text(good.data)).to.equal('still');
    client.socket.destroy();
  });

  it('resets the one connection that the port resets, without a word on its error stream', async () => {
    const port = await serve((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const client = await connectSpdy(await local.ports(), protocol);
    const [one, other] = [openPair(client, port, 1), openPair(client, await echo(), 2)];
    client.data(one.data, Buffer.from('x'));
    await until(() => client.stream(one.data).reset !== undefined && client.stream(one.error).ended);
    expect(client.text(one.error)).to.equal('');
    client.data(other.data, Buffer.from('fine'), true);
    await until(() => client.text(other.data) === 'fine');
    client.socket.destroy();
  });

  it('ends the connection to the port when its stream is reset, and all when the client goes', async () => {
    const sockets: Socket[] = [];
    const port = await serve((socket) => void sockets.push(socket.resume()));
    const client = await connectSpdy(await local.ports(), protocol);
    const [one] = [openPair(client, port, 1), openPair(client, port, 2)];
    await until(() => sockets.length === 2);
    client.reset(one.data);
    await until(() => sockets.filter(({ readableEnded, destroyed }) => readableEnded || destroyed).length === 1);
    client.socket.destroy();
    await until(() => sockets.every(({ readableEnded, destroyed }) => readableEnded || destroyed));
    sockets.forEach((socket) => socket.destroy());
  });

  it('sends what a port said before it closed, to a slow client too', async () => {
    const all = randomBytes(30_000_000);
    const port = await serve((socket) => socket.end(all));
    const client = await connectSpdy(await local.ports(), protocol);
    client.socket.pause();
    const { data } = openPair(client, port, 1);
    // Both halves end while most of it waits here.
    client.data(data, Buffer.alloc(0), true);
    setTimeout(() => client.socket.resume(), 200);
    await until(() => client.stream(data).ended);
    expect(Buffer.concat(client.stream(data).chunks).equals(all)).to.equal(true);
    client.socket.destroy();
  });

  it('sends what many ports said before they closed, to a client that reads only then', async () => {
    const bytes = randomBytes(60_000);
    let closed = 0;
    const port = await serve((socket) => {
      socket.once('close', () => (closed += 1)).write(bytes.subarray(0, 30_000));
      // Apart, so that they are two pieces on their way, of which the second has to wait.
      setTimeout(() => socket.end(bytes.subarray(30_000)), 100);
    });
    const client = await connectSpdy(await local.ports(), protocol);
    client.socket.pause();
    // Together more than the kernel's buffers take; each less than ours may hold for it.
    const pairs = Array.from({ length: 250 }, (_, i) => openPair(client, port, i));
    for (const { data } of pairs) client.data(data, Buffer.alloc(0), true);
    await until(() => closed === pairs.length);
    client.socket.resume();
    await until(() => pairs.every(({ data }) => client.stream(data).ended || client.stream(data).reset !== undefined));
    const wrong = pairs.filter(({ data }) => !Buffer.concat(client.stream(data).chunks).equals(bytes));
    expect(wrong).to.have.length(0);
    client.socket.destroy();
  });

  it('lets a port that does not read hold up nobody else', async () => {
    const stuck: Socket[] = [];
    const port = await serve((socket) => void stuck.push(socket.pause()));
    const client = await connectSpdy(await local.ports(), protocol);
    const [one, other] = [openPair(client, port, 1), openPair(client, await echo(), 2)];
    await until(() => stuck.length === 1);
    // More than the kernel's buffers of that connection take, and less than ours may hold for it.
    const flood = Buffer.alloc(64 * 1024);
    for (let i = 0; i < 100; i += 1) client.data(one.data, flood);
    client.data(other.data, Buffer.from('through'), true);
    await until(() => client.text(other.data) === 'through');
    client.socket.destroy();
    stuck.forEach((socket) => socket.destroy());
  });

  it('refuses streams without a port or a kind, and takes those of old clients without a request id', async () => {
    const port = await echo();
    const client = await connectSpdy(await local.ports(), protocol);
    const bad = [
      { streamtype: 'data' },
      { streamtype: 'data', port: '0' },
      { port: '80' },
      { streamtype: 'data', port: '65536' },
    ].map((headers) => client.open(headers));
    const error = client.open({ streamtype: 'error', port: String(port) });
    const data = client.open({ streamtype: 'data', port: String(port) });
    client.data(data, Buffer.from('old'), true);
    await until(() => client.text(data) === 'old');
    expect(bad.map((id) => client.stream(id).reset)).to.deep.equal([3, 3, 3, 3]);
    expect(client.stream(error).replied).to.equal(true);
    client.socket.destroy();
  });

  for (const version of ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io']) {
    it(`forwards the ports of the request over ${version}`, async () => {
      const ports = [await echo(), await serve((socket) => socket.end('bye')), await refusing()];
      const client = await connectChannels(await local.ports(...ports), ['v5.channel.k8s.io', version]);
      expect(client.socket.protocol).to.equal(version);
      client.send(0, 'there and back');
      const number = (channel: number) => Buffer.concat(client.channels.get(channel) ?? []).readUInt16LE(0);
      await until(() => client.text(0).endsWith('there and back') && client.text(5).includes('ECONNREFUSED'));
      await until(() => client.text(2).endsWith('bye'));
      expect([0, 1, 2, 3, 4, 5].map(number)).to.deep.equal(ports.flatMap((port) => [port, port]));
      client.socket.close();
      await client.closed;
    });
  }
});
