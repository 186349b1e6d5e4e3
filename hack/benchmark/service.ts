import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connectCri } from '../lib/cri-client.ts';
import type { CriClient } from '../lib/cri-client.ts';

export interface ServiceOptions {
  readonly command: readonly string[];
  readonly endpoint: string;
  /** Both streams are appended to it. */
  readonly logFile: string;
}

const answerTimeoutMs = 60_000;
const endTimeoutMs = 30_000;
/** Short against what is measured, long enough to leave the processors to the daemon. */
const pollMs = 2;

/** A daemon that can be ended and started again over the same state. It dies with this process, however that ends. */
export class Service {
  readonly #options: ServiceOptions;
  #child: ChildProcess | undefined;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /**
   * Milliseconds from the start of the process until it has listed `pods` pods. Errors: with the end of its log, when
   * it ends before, or says nothing for a minute.
   */
  async start(pods: number): Promise<number> {
    const { command, endpoint, logFile } = this.#options;
    const log = openSync(logFile, 'a');
    const begun = performance.now();
    this.#child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio: ['ignore', log, log] });
    closeSync(log);
    // Heard, or it would be thrown: `#check` tells it.
    this.#child.once('error', () => undefined);
    const check = () => this.#check(begun);
    while (!(await accepts(endpoint.replace('unix://', '')))) await check();
    using cri = connectCri(endpoint);
    while (!(await lists(cri, pods))) await check();
    return performance.now() - begun;
  }

  /** SIGTERM, and SIGKILL after 30 s; resolves when it is gone. */
  async end(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    child.once('exit', () => resolve());
    const timer = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs);
    child.kill('SIGTERM');
    await promise;
    clearTimeout(timer);
  }

  async #check(begun: number): Promise<void> {
    const child = this.#child;
    const ended = child?.pid === undefined || child.exitCode !== null || child.signalCode !== null;
    if (ended || performance.now() - begun > answerTimeoutMs) {
      const tail = readFileSync(this.#options.logFile, 'utf8').split('\n').slice(-15).join('\n');
      throw new Error(`${this.#options.command.join(' ')} ${ended ? 'has ended' : 'does not answer'}:\n${tail}`);
    }
    await delay(pollMs);
  }
}

/** By a bare connect first: a gRPC channel would wait longer and longer between its tries. */
async function accepts(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = createConnection(path);
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  const answer = await promise;
  socket.destroy();
  return answer;
}

async function lists(cri: CriClient, pods: number): Promise<boolean> {
  try {
    return (await cri.runtime.listPodSandbox()).items.length === pods;
  } catch {
    // containerd takes connections before its CRI part is ready.
    return false;
  }
}
