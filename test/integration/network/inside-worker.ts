import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import koffi from 'koffi';
import { serveTasks } from '../../../src/linux/worker/serve.ts';

const setns = koffi.load('libc.so.6').func('int setns(int fd, int type)');
const CLONE_NEWNET = 0x4000_0000;

/** What somebody does who sits in a pod, on the host or outside. */
export const insideTasks = {
  /** For good: call it first, in a Worker of its own. */
  enter(path: string): void {
    const namespace = openSync(path, 'r');
    if ((setns(namespace, CLONE_NEWNET) as number) !== 0) throw new Error(`cannot enter ${path}`);
    closeSync(namespace);
  },
  /** Tells everyone who connects which address they came from. */
  async listen(port: number): Promise<void> {
    const server = createServer((socket) => socket.end(socket.remoteAddress ?? '')).listen(port, '0.0.0.0');
    await once(server, 'listening');
  },
  /** What a listener says of us. */
  async ask(target: { readonly host: string; readonly port: number }): Promise<string> {
    const socket = connect(target.port, target.host);
    socket.setTimeout(3000, () => socket.destroy(new Error(`no answer from ${target.host}:${target.port}`)));
    return text(socket);
  },
};
export type InsideTasks = typeof insideTasks;

serveTasks(insideTasks);
