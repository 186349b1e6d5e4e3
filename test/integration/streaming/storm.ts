import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { eventually, runContainer, runPod } from '../../fixtures/pods.ts';
import { entries } from '../../leftovers/kernel.ts';
import { connectSpdy, frame, requestUpgrade, spdyHeaders } from './spdy-client.ts';
import { connectChannels } from './websocket-client.ts';

/** What a daemon holds that connections could leave behind. */
interface Holdings {
  readonly descriptors: number;
  /** MiB. */
  readonly resident: number;
  /** In the containers, and below the daemon. */
  readonly processes: number;
}

function holdings(cricket: Cricket, containerCgroup: string): Holdings {
  const status = readFileSync(`/proc/${cricket.pid}/status`, 'latin1');
  return {
    descriptors: readdirSync(`/proc/${cricket.pid}/fd`).length,
    resident: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024,
    processes: processesOf(containerCgroup),
  };
}

function processesOf(cgroup: string): number {
  const lines = readFileSync(`/sys/fs/cgroup/pids${cgroup}/cgroup.procs`, 'latin1').split('\n').length - 1;
  const below = entries(`/sys/fs/cgroup/pids${cgroup}`).filter((name) => name.startsWith('exec-'));
  return lines + below.length;
}

type Visit = (cricket: Cricket, containerId: string) => Promise<void>;

const execUrl = async ({ client }: Cricket, containerId: string, cmd: readonly string[], stdin = false) =>
  (await client.runtime.exec({ containerId, cmd: [...cmd], stdin, stdout: true })).url;

async function spdyExec(cricket: Cricket, containerId: string): Promise<void> {
  const client = await connectSpdy(await execUrl(cricket, containerId, ['echo', 'fine']));
  client.open({ streamtype: 'error' });
  const stdout = client.open({ streamtype: 'stdout' });
  await eventually(() => {
    if (!client.closed) throw new Error('not closed');
  });
  if (client.text(stdout) !== 'fine\n') throw new Error(`stdout: ${client.text(stdout)}`);
}

async function webSocketExec(cricket: Cricket, containerId: string): Promise<void> {
  const client = await connectChannels(await execUrl(cricket, containerId, ['echo', 'fine']), 'v5.channel.k8s.io');
  await client.closed;
  if (client.text(1) !== 'fine\n') throw new Error(`stdout: ${client.text(1)}`);
}

/** It goes while its program runs. */
async function leaves(cricket: Cricket, containerId: string): Promise<void> {
  const client = await connectSpdy(await execUrl(cricket, containerId, ['cat'], true));
  for (const streamtype of ['error', 'stdin', 'stdout']) client.open({ streamtype });
  client.socket.destroySoon();
}

async function wrongToken(cricket: Cricket, containerId: string): Promise<void> {
  const url = await execUrl(cricket, containerId, ['true']);
  const wrong = url.slice(0, -1) + (url.endsWith('A') ? 'B' : 'A');
  const { answer, socket } = await requestUpgrade(wrong, spdyHeaders('v4.channel.k8s.io'));
  socket.destroy();
  if (!answer.includes(' 404 ')) throw new Error(answer);
  (await connectSpdy(url)).socket.destroy();
}

async function halfFrame(cricket: Cricket, containerId: string): Promise<void> {
  const client = await connectSpdy(await execUrl(cricket, containerId, ['true']));
  client.open({ streamtype: 'error' });
  client.socket.write(frame(1, Buffer.alloc(40)).subarray(0, 30));
  client.socket.destroySoon();
}

async function garbage(cricket: Cricket, containerId: string): Promise<void> {
  const client = await connectSpdy(await execUrl(cricket, containerId, ['true']));
  client.socket.write(Buffer.alloc(1000, 0x91));
  await eventually(() => {
    if (!client.closed) throw new Error('not closed');
  });
}

const everyone: readonly Visit[] = [
  ...[spdyExec, webSocketExec, leaves, wrongToken, halfFrame, garbage],
  ...[wrongToken, halfFrame, garbage, wrongToken],
];

async function storm(cricket: Cricket, containerId: string, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await everyone[i % everyone.length]?.(cricket, containerId);
}

/** MiB by which the memory of a daemon moves without growing. */
const sway = 40;

/** Workers of the daemon with nothing to do end after five seconds, and close what they had open. */
const idleMs = 7_000;

/** So many connections, one after the other, of good and bad clients. */
export function describeStorm(count: number): void {
  describe(`streaming: ${count} connections one after the other`, function () {
    this.timeout(60_000 + count * 200);
    let cricket: Cricket;
    before(async () => (cricket = await startCricket()));
    after(async () => cricket.stop());

    it('leave nothing behind: no descriptor, no process, no memory', async () => {
      const pod = await runPod(cricket, { name: 'storm' });
      const { id } = await runContainer(cricket, pod, { name: 'main' });
      const cgroup = cricket.containerCgroup(pod.id, id);
      await storm(cricket, id, 60);
      await delay(idleMs);
      const before = holdings(cricket, cgroup);
      await storm(cricket, id, count);
      await eventually(() => {
        const after = holdings(cricket, cgroup);
        expect(after.descriptors, 'descriptors').to.equal(before.descriptors);
        expect(after.processes, 'processes').to.equal(before.processes);
        expect(after.resident, 'MiB resident').to.be.lessThan(before.resident + sway);
      }, 20_000);
    });
  });
}
