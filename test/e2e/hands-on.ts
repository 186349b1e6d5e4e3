import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cricketMain } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { patience } from '../fixtures/pace.ts';

export interface CliEnd {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `cricket` beside a daemon to its end, whatever that is. */
export async function cli(cricket: Cricket, ...args: readonly string[]): Promise<CliEnd> {
  return new Promise((resolve) => {
    const command = [cricketMain, ...args, '--config', cricket.config];
    execFile(process.execPath, command, { timeout: patience(30_000) }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

/** One that goes on: what it has printed, and how to end it. */
export function going(
  cricket: Cricket,
  ...args: readonly string[]
): {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly ended: Promise<number | null>;
} {
  const child = spawn(process.execPath, [cricketMain, ...args, '--config', cricket.config], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: patience(30_000),
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return { child, out: () => text, ended };
}
