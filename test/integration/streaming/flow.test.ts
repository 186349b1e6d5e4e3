import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../fixtures/pods.ts';
import { openLocalStreaming } from './local-targets.ts';
import type { LocalStreaming } from './local-targets.ts';
import { until } from './serves.ts';
import { connectSpdy } from './spdy-client.ts';
import { connectChannels } from './websocket-client.ts';

/** What `count` says once it has not moved for a while. */
async function settled(count: () => number): Promise<number> {
  for (let before = -1, same = 0; ;) {
    const now = count();
    same = now === before && now > 0 ? same + 1 : 0;
    if (same === 5) return now;
    before = now;
    await delay(100);
  }
}

/** Bytes that the kernel's buffers of a connection and a pipe take, and ours with them, generously. */
const buffers = 24_000_000;
const much = 100_000_000;

describe('streaming: who does not read makes the other side wait', () => {
  let local: LocalStreaming;
  beforeEach(async () => (local = await openLocalStreaming()));
  afterEach(async () => local[Symbol.asyncDispose]());

  const written = () => {
    const io = readFileSync(`/proc/${local.children[0]?.pid ?? 0}/io`, 'latin1');
    return Number(/^wchar: (\d+)$/m.exec(io)?.[1] ?? 0);
  };

  it('a client that stops reading makes the process wait, and gets all once it goes on (SPDY)', async () => {
    const client = await connectSpdy(await local.exec(`exec head -c ${much} /dev/zero`, { stderr: false }));
    client.open({ streamtype: 'error' });
    const stdout = client.open({ streamtype: 'stdout' });
    await until(() => client.stream(stdout).chunks.length > 0);
    client.socket.pause();
    expect((await settled(written)) - client.received).to.be.lessThan(buffers);
    expect(written()).to.be.lessThan(much);
    client.stream(stdout).chunks.length = 0;
    client.socket.resume();
    await eventually(() => expect(client.received).to.be.greaterThan(much), 20_000);
  });

  it('a client that stops reading makes the process wait (WebSocket)', async () => {
    const client = await connectChannels(await local.exec(`exec head -c ${much} /dev/zero`), 'v5.channel.k8s.io');
    client.socket.pause();
    expect(await settled(written)).to.be.lessThan(buffers);
    client.socket.terminate();
    await until(() => local.told.includes('hang up'));
  });

  it('a process that does not read makes the client wait, and gets all once it goes on (SPDY)', async () => {
    const client = await connectSpdy(await local.exec('kill -STOP $$; wc -c', { stdin: true, stderr: false }));
    client.open({ streamtype: 'error' });
    const stdout = client.open({ streamtype: 'stdout' });
    const stdin = client.open({ streamtype: 'stdin' });
    await until(() => local.children.length === 1);
    const chunk = Buffer.alloc(64 * 1024);
    for (let sent = 0; sent < 48 * 1024 * 1024; sent += chunk.length) client.data(stdin, chunk);
    client.data(stdin, Buffer.alloc(0), true);
    const accepted = await settled(() => client.socket.bytesWritten - client.socket.writableLength);
    expect(accepted).to.be.lessThan(buffers);
    local.children[0]?.kill('SIGCONT');
    await until(() => client.closed);
    expect(client.text(stdout)).to.equal(`${48 * 1024 * 1024}\n`);
  });

  it('a process that does not read makes the client wait (WebSocket)', async () => {
    const client = await connectChannels(await local.exec('exec sleep 600', { stdin: true }), 'v5.channel.k8s.io');
    for (let i = 0; i < 48; i += 1) client.send(0, Buffer.alloc(1024 * 1024));
    expect(await settled(() => 48 * 1024 * 1024 - client.socket.bufferedAmount)).to.be.lessThan(buffers);
    client.socket.terminate();
    local.children[0]?.kill();
  });
});
