import { expect } from 'chai';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { NamespaceMode } from '../../../api/cri/v1/api.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { runPod } from '../../fixtures/pods.ts';
import type { TestPod } from '../../fixtures/pods.ts';
import { StreamLab, refusal } from './lab.ts';

/** Servers: "echo" says all it read when it has read the end; "first" ends what it says before it reads. */
const servers = (host: string) => `
  const net = require('node:net');
  const listen = (port, serve) => net.createServer({ allowHalfOpen: true }, serve).listen(port, ${JSON.stringify(host)});
  listen(7, (socket) => {
    const chunks = [];
    socket.on('data', (chunk) => chunks.push(chunk)).on('end', () => socket.end(Buffer.concat(chunks)));
  });
  listen(8, (socket) => {
    let count = 0;
    socket.end('first');
    socket.on('data', (chunk) => (count += chunk.length)).on('end', () => console.log('read ' + count));
  });
  listen(9, (socket) => socket.once('data', () => socket.resetAndDestroy())).on('listening', () => console.log('ready'));
`;

describe('a connection to a port of a pod', () => {
  const children: ChildProcess[] = [];
  let cricket: Cricket;
  let lab: StreamLab;
  let pod: TestPod;
  before(async () => {
    cricket = await startCricket({ demo: false });
    lab = new StreamLab(cricket);
    pod = await runPod(cricket, { name: 'a' });
    await serve(pod, '127.0.0.1');
  });
  after(async () => {
    for (const child of children) child.kill('SIGKILL');
    await lab[Symbol.asyncDispose]();
    await cricket.stop();
  });

  /** Serves in a pod's network; what it prints. */
  const serve = async ({ id }: TestPod, host: string): Promise<() => string> => {
    const pin = `/run/netns/cricket-${cricket.instance}-${id.slice(0, 24)}`;
    const args = [`--net=${pin}`, process.execPath, '-e', servers(host)];
    const child = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    while (!said.includes('ready')) await once(child.stdout, 'data');
    return () => said;
  };
  const echo = async (connection: Duplex, bytes: Buffer): Promise<boolean> => {
    connection.end(bytes);
    return Buffer.compare(await buffer(connection), bytes) === 0;
  };

  it('is refused clearly where nothing listens', async () => {
    const message = await refusal(lab.dial(pod, 70));
    expect(message).to.contain('connect to port 70 of pod sandbox');
    expect(message).to.contain('nothing listens there, on 127.0.0.1 or ::1');
    expect(await refusal(lab.dial({ id: 'e'.repeat(64) }, 7))).to.contain('not found');
    for (const port of [0, -1, 65_536, 1.5]) expect(await refusal(lab.dial(pod, port))).to.contain('from 1 to 65535');
  });

  it('reaches 127.0.0.1, else ::1', async () => {
    expect(await echo(await lab.dial(pod, 7), Buffer.from('hello'))).to.equal(true);
    const other = await runPod(cricket, { name: 'six' });
    await serve(other, '::1');
    expect(await echo(await lab.dial(other, 7), Buffer.from('hello'))).to.equal(true);
    await cricket.client.runtime.stopPodSandbox({ podSandboxId: other.id });
    expect(await refusal(lab.dial(other, 7))).to.contain('it is stopped, not ready');
  });

  it('ends each direction by itself', async () => {
    const second = await runPod(cricket, { name: 'half' });
    const said = await serve(second, '127.0.0.1');
    const connection = await lab.dial(second, 8);
    expect(await text(connection)).to.equal('first');
    connection.end(Buffer.alloc(100_000));
    while (!said().includes('read 100000')) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  it('tells of one that was reset', async () => {
    const connection = await lab.dial(pod, 9);
    connection.resume();
    connection.write('x');
    const [error] = (await once(connection, 'error')) as [Error];
    expect(error.message).to.contain('ECONNRESET');
  });

  it('is one of a hundred at once, of a megabyte each', async () => {
    const all = Array.from({ length: 100 }, async () => echo(await lab.dial(pod, 7), randomBytes(1_000_000)));
    expect((await Promise.all(all)).every((same) => same)).to.equal(true);
  });

  it('is made on the host for a pod in its network', async () => {
    const host = await runPod(cricket, { name: 'host', namespaces: { network: NamespaceMode.NODE } });
    const server = createServer((socket) => socket.end('on the host')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    expect(await text(await lab.dial(host, (server.address() as AddressInfo).port))).to.equal('on the host');
    server.close();
  });
});
