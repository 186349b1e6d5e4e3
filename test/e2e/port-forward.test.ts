import { expect } from 'chai';
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import { errnoOf } from '../../src/base/errors.ts';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { eventually, removePod, runPod } from '../fixtures/pods.ts';
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
      this.timeout(180_000);
      const args = [...crictl.flags, 'port-forward', '-r', transport, pod.id, '0:7', '0:70'];
      const forward = spawn(crictl.binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
      try {
        const text = await said(forward, /:\d+ -> 7\b[^]*:\d+ -> 70\b/);
        const portOf = (target: number) => Number(new RegExp(`127.0.0.1:(\\d+) -> ${target}\\b`).exec(text)?.[1]);
        const sent = Array.from({ length: 100 }, () => randomBytes(1_000_000));
        const same = sent.map(async (bytes) => {
          const { got, broken } = await exchange(portOf(7), bytes);
          return broken ?? (got.equals(bytes) ? 'the same' : `others, ${got.length} bytes`);
        });
        expect((await Promise.all(same)).filter((what) => what !== 'the same')).to.deep.equal([]);
        const refused = said(forward, /nothing listens there, on 127.0.0.1 or ::1/);
        const { got, broken = 'ECONNRESET' } = await exchange(portOf(70), Buffer.from('x'));
        expect(got).to.have.length(0);
        // crictl closes it without having read what may have come late, and the kernel makes a reset of that.
        expect(broken).to.match(/^(ECONNRESET|EPIPE)$/);
        await refused;
        // An error makes it leave by itself (client-go 1.36: handleConnection); we have no quarrel with the session.
        await eventually(() => expect(sessionsOf(cricket, pod, transport)).to.deep.equal(['over']));
      } finally {
        forward.kill('SIGKILL');
      }
    });
});

/** How the sessions ended that a crictl had with us. */
function sessionsOf(cricket: Cricket, pod: TestPod, transport: 'spdy' | 'websocket'): unknown[] {
  const kind = transport === 'spdy' ? 'spdy' : 'tunnel';
  const lines = cricket
    .log()
    .split('\n')
    .filter((line) => line.includes('"msg":"streaming session'));
  const sessions = lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  return sessions.flatMap((one) => (one['pod'] === pod.id && one['transport'] === kind ? [one['end']] : []));
}

/** All that it printed once this is in it. */
async function said(child: Running, wanted: RegExp): Promise<string> {
  let text = '';
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const look = (chunk: Buffer) => {
    text += chunk.toString();
    if (wanted.test(text)) resolve(text);
  };
  child.stdout.on('data', look);
  child.stderr.on('data', look);
  child.once('close', () => reject(new Error(`it ended and has not said ${String(wanted)}, but: ${text}`)));
  return promise;
}

/** What came back for these bytes, and by which error the connection ended, if it did. */
async function exchange(port: number, bytes: Buffer): Promise<{ readonly got: Buffer; readonly broken?: string }> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const chunks: Buffer[] = [];
  const { promise: over, resolve } = Promise.withResolvers<string | undefined>();
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.once('error', (error) => resolve(errnoOf(error) ?? error.message));
  socket.once('close', () => resolve(undefined));
  socket.end(bytes);
  const broken = await over;
  return { got: Buffer.concat(chunks), ...(broken !== undefined && { broken }) };
}
