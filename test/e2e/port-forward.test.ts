import { expect } from 'chai';
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { removePod, runPod } from '../fixtures/pods.ts';
import type { TestPod } from '../fixtures/pods.ts';
import { crictlFor } from './crictl/crictl.ts';
import type { Crictl } from './crictl/crictl.ts';

/** Says all it read when it has read the end. */
const echo = `
  const serve = (socket) => {
    const chunks = [];
    socket.on('data', (chunk) => chunks.push(chunk)).on('end', () => socket.end(Buffer.concat(chunks)));
  };
  const server = require('node:net').createServer({ allowHalfOpen: true }, serve);
  server.listen(7, '127.0.0.1', () => console.log('ready'));
`;

type Running = ChildProcessByStdio<null, Readable, Readable>;

describe('crictl port-forward', () => {
  let cricket: Cricket;
  let crictl: Crictl;
  let pod: TestPod;
  let server: Running;
  before(async function () {
    this.timeout(300_000);
    cricket = await startCricket({ demo: false });
    crictl = crictlFor(cricket);
    pod = await runPod(cricket, { name: 'a' });
    const pin = `/run/netns/cricket-${cricket.instance}-${pod.id.slice(0, 24)}`;
    server = spawn('nsenter', [`--net=${pin}`, process.execPath, '-e', echo], { stdio: ['ignore', 'pipe', 'pipe'] });
    await said(server, /ready/);
  });
  after(async () => {
    server.kill('SIGKILL');
    await removePod(cricket, pod.id);
    await cricket.stop();
  });

  for (const transport of ['spdy', 'websocket'] as const)
    it(`over ${transport}: a hundred connections at once, of a megabyte each, and one that is refused`, async function () {
      this.timeout(60_000);
      const args = [...crictl.flags, 'port-forward', '-r', transport, pod.id, '0:7', '0:70'];
      const forward = spawn(crictl.binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
      try {
        const text = await said(forward, /:\d+ -> 7\b[^]*:\d+ -> 70\b/);
        const portOf = (target: number) => Number(new RegExp(`127.0.0.1:(\\d+) -> ${target}\\b`).exec(text)?.[1]);
        const sent = Array.from({ length: 100 }, () => randomBytes(1_000_000));
        const same = sent.map(async (bytes) => Buffer.compare(await exchange(portOf(7), bytes), bytes) === 0);
        expect((await Promise.all(same)).filter((equal) => !equal)).to.have.length(0);
        const refused = said(forward, /nothing listens there, on 127.0.0.1 or ::1/);
        expect(await exchange(portOf(70), Buffer.from('x'))).to.have.length(0);
        await refused;
        expect(forward.exitCode).to.equal(null);
      } finally {
        forward.kill('SIGKILL');
      }
    });
});

/** All that it printed once this is in it. */
async function said(child: Running, wanted: RegExp): Promise<string> {
  let text = '';
  const { promise, resolve } = Promise.withResolvers<string>();
  const look = (chunk: Buffer) => {
    text += chunk.toString();
    if (wanted.test(text)) resolve(text);
  };
  child.stdout.on('data', look);
  child.stderr.on('data', look);
  return promise;
}

async function exchange(port: number, bytes: Buffer): Promise<Buffer> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  socket.end(bytes);
  return buffer(socket);
}
