import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { runCli } from '../../src/server/cli/run.ts';
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

/** A command line beside a daemon that has its settings before all else: what follows an image belongs to a container. */
export function program(of: () => Cricket): {
  readonly cli: (command: string, ...args: readonly string[]) => Promise<CliEnd>;
  /** The same in this process, for what needs no streams of its own: it starts at once. */
  readonly here: (command: string, ...args: readonly string[]) => Promise<CliEnd>;
  /** As cli, with this on standard input. */
  readonly fed: (input: string, command: string, ...args: readonly string[]) => Promise<CliEnd>;
  /** One that goes on: to be killed, or to end by itself. */
  readonly begin: (command: string, ...args: readonly string[]) => Begun;
  /** For a shell. */
  readonly line: (command: string, ...args: readonly string[]) => string;
} {
  const words = (command: string, args: readonly string[]) => [cricketMain, command, '--config', of().config, ...args];
  const fed = async (input: string, command: string, ...args: readonly string[]) => {
    const begun = start(words(command, args), 'pipe');
    begun.child.stdin?.on('error', () => undefined).end(input);
    const code = await begun.ended;
    return { code: code ?? -1, out: begun.out(), err: begun.err() };
  };
  return {
    cli: async (command, ...args) => fed('', command, ...args),
    here: async (command, ...args) => {
      const texts = { out: '', err: '' };
      const code = await runCli([command, '--config', of().config, ...args], {
        out: (text) => void (texts.out += text),
        err: (text) => void (texts.err += text),
        ...{ colour: false, environment: {}, signal: AbortSignal.timeout(60_000) },
      });
      return { code, ...texts };
    },
    fed,
    begin: (command, ...args) => start(words(command, args), 'ignore'),
    line: (command, ...args) => [process.execPath, ...words(command, args)].map((word) => `'${word}'`).join(' '),
  };
}

export interface Begun {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly ended: Promise<number | null>;
}

function start(words: readonly string[], stdin: 'pipe' | 'ignore'): Begun {
  const child = spawn(process.execPath, words, { stdio: [stdin, 'pipe', 'pipe'], timeout: 60_000 });
  const texts = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (texts.out += chunk));
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (texts.err += chunk));
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return { child, out: () => texts.out, err: () => texts.err, ended };
}
