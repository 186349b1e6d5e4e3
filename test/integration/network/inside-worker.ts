import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { connect, createServer, isIPv6 } from 'node:net';
import { text } from 'node:stream/consumers';
import koffi from 'koffi';
import { serveTasks } from '../../../src/linux/worker/serve.ts';

const setns = koffi.load('libc.so.6').func('int setns(int fd, int type)');
const CLONE_NEWNET = 0x4000_0000;

export interface Target {
  readonly protocol: 'tcp' | 'udp';
  readonly host: string;
  readonly port: number;
}

/** What somebody does who sits in a pod, on the host or outside. */
export const insideTasks = {
  /** For good: call it first, in a Worker of its own. */
  enter(path: string): void {
    const namespace = openSync(path, 'r');
    if ((setns(namespace, CLONE_NEWNET) as number) !== 0) throw new Error(`cannot enter ${path}`);
    closeSync(namespace);
  },
  /** Tells everyone who connects or sends which address they come from, over both families. */
  async listen(port: number): Promise<void> {
    const server = createServer((socket) => socket.end(plain(socket.remoteAddress ?? ''))).listen(port, '::');
    await once(server, 'listening');
    const socket = createSocket({ type: 'udp6' });
    socket.on('message', (_, peer) => socket.send(plain(peer.address), peer.port, peer.address));
    socket.bind(port, '::');
    await once(socket, 'listening');
  },
  /** What a listener says of us. */
  async ask(target: Target): Promise<string> {
    return target.protocol === 'tcp' ? askTcp(target) : askUdp(target);
  },
};
export type InsideTasks = typeof insideTasks;

const patienceMs = 2000;
/** A datagram may be lost. */
const resendMs = 300;

const plain = (address: string): string => address.replace(/^::ffff:/, '');

async function askTcp({ host, port }: Target): Promise<string> {
  const socket = connect(port, host);
  socket.setTimeout(patienceMs, () => socket.destroy(new Error(`no answer from ${host} port ${port}`)));
  return text(socket);
}

async function askUdp({ host, port }: Target): Promise<string> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  try {
    socket.connect(port, host);
    await once(socket, 'connect');
    const answer = once(socket, 'message', { signal: AbortSignal.timeout(patienceMs) });
    const sending = setInterval(() => socket.send('who?'), resendMs);
    socket.send('who?');
    const [message] = (await answer.finally(() => clearInterval(sending))) as [Buffer];
    return message.toString();
  } finally {
    socket.close();
  }
}

serveTasks(insideTasks);
