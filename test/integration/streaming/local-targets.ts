import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import { once } from 'node:events';
import { createMetrics } from '../../../metrics/registry.ts';
import { silentLogger } from '../../../src/base/log.ts';
import type { ProcessSession, SessionEnd } from '../../../src/sandbox/container/session.ts';
import { openStreaming } from '../../../src/server/streaming/server.ts';
import type { Streaming, StreamingOptions } from '../../../src/server/streaming/server.ts';
import type { ExecRequest, ProcessStreamsWish } from '../../../src/server/streaming/request.ts';

/** A streaming server whose processes and ports are those of this host: what it does needs no container to be seen. */
export interface LocalStreaming extends AsyncDisposable {
  readonly streaming: Streaming;
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly children: readonly ChildProcess[];
  /** Terminal sizes and hang-ups that processes were told of. */
  readonly told: readonly string[];
  /** A URL for a command of the host's shell. */
  exec(script: string, wish?: Partial<ProcessStreamsWish>): Promise<string>;
  ports(...ports: readonly number[]): Promise<string>;
}

export async function openLocalStreaming(options: Partial<StreamingOptions> = {}): Promise<LocalStreaming> {
  const metrics = createMetrics('test');
  const children: ChildProcess[] = [];
  const told: string[] = [];
  const start = async (request: ExecRequest): Promise<ProcessSession> => {
    const [program = '', ...args] = request.command;
    const child = spawn(program, args, { stdio: 'pipe' });
    await once(child, 'spawn');
    children.push(child);
    return sessionOf(child, request, told);
  };
  const streaming = await openStreaming({
    host: '127.0.0.1',
    port: 0,
    certificate: undefined,
    maxSessions: 1000,
    idleMs: 60_000,
    targets: {
      exec: start,
      attach: async () => Promise.reject(new Error('attach is not local')),
      dial: async (_pod, port) => {
        const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
        await once(socket, 'connect');
        return socket;
      },
    },
    series: metrics.streaming,
    log: silentLogger(),
    ...options,
  });
  return {
    streaming,
    metrics,
    children,
    told,
    exec: async (script, wish = {}) => {
      const streams = { tty: false, stdin: false, stdout: true, stderr: !(wish.tty ?? false), ...wish };
      return streaming.issue({ kind: 'exec', containerId: 'local', command: ['sh', '-c', script], ...streams });
    },
    ports: async (...ports) => streaming.issue({ kind: 'portforward', podId: 'local', ports }),
    async [Symbol.asyncDispose]() {
      await streaming[Symbol.asyncDispose]();
      for (const child of children) child.kill('SIGKILL');
    },
  };
}

function sessionOf(child: ChildProcess, wish: ExecRequest, told: string[]): ProcessSession {
  const { promise: ended, resolve } = Promise.withResolvers<SessionEnd>();
  child.once('close', (code) => resolve({ how: 'exited', code: code ?? 137 }));
  child.stdin?.on('error', () => undefined);
  if (!wish.stdin) child.stdin?.end();
  if (!wish.stdout) child.stdout?.resume();
  if (!wish.stderr) child.stderr?.resume();
  return {
    stdin: wish.stdin ? (child.stdin ?? undefined) : undefined,
    stdout: wish.stdout ? (child.stdout ?? undefined) : undefined,
    stderr: wish.stderr ? (child.stderr ?? undefined) : undefined,
    resize: (width, height) => void told.push(`${width}x${height}`),
    hangUp: () => {
      told.push('hang up');
      child.stdin?.end();
    },
    ended,
  };
}
