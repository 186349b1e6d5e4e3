import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { fail } from '../../../base/errors.ts';
import type { CricketError, ErrorCode } from '../../../base/errors.ts';
import type { PodId } from '../../../base/ids.ts';
import type { CniSeries } from '../../../../metrics/cni.ts';
import type { Child } from '../../../linux/process.ts';
import { runBounded } from '../../../linux/run-bounded.ts';
import type { Bounded } from '../../../linux/run-bounded.ts';
import type { Watcher } from '../../../linux/watcher.ts';
import type { RunningPlugins } from './running.ts';

export type CniCommand = 'ADD' | 'DEL' | 'CHECK' | 'STATUS' | 'GC';

export interface PluginRunner {
  readonly watcher: Watcher;
  readonly running: RunningPlugins;
  /** Where programs are looked for, in this order: CNI_PATH. */
  readonly binDirs: readonly string[];
  /** Programs by their type that were found a moment ago: they are not looked for again. */
  readonly found?: ReadonlyMap<string, string>;
  /** Of the daemon: plugins look for programs of their own, and for proxies. */
  readonly environment: readonly string[];
  /** Milliseconds that one call of one plugin may take. */
  readonly timeoutMs: number;
  readonly series: CniSeries;
}

export interface PluginCall {
  readonly command: CniCommand;
  readonly type: string;
  /** For messages. */
  readonly network: string;
  /** CNI_… variables beside CNI_COMMAND and CNI_PATH. */
  readonly variables: Readonly<Record<string, string>>;
  readonly request: object;
  /** Undefined for what concerns no single pod. */
  readonly pod: PodId | undefined;
  /** Milliseconds that it may take. */
  readonly timeoutMs: number;
}

/** Bytes that a plugin may print; results have a few thousand. */
const outputLimit = 1 << 20;
/** Characters of what a plugin said that go into a message. */
const saidLimit = 2000;

/** A plugin's own error: `code` is that of the specification, section 5. */
export class PluginError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
/** "Try again later." */
export const tryAgainLater = 11;

export const pluginCodeOf = (error: unknown): number | undefined =>
  error instanceof Error && error.cause instanceof PluginError ? error.cause.code : undefined;

/** Errors: `failed_precondition` naming what is missing and where it was looked for. */
export async function findPlugin({ binDirs }: Pick<PluginRunner, 'binDirs'>, type: string): Promise<string> {
  for (const directory of binDirs) {
    const path = join(directory, type);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  throw fail(
    'failed_precondition',
    `CNI plugin ${type} is not in ${binDirs.join(', ')}; install it there, or set network.cni_bin_dirs`,
    new MissingPlugin(type),
  );
}

export class MissingPlugin extends Error {}
export const isMissingPlugin = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof MissingPlugin;

/**
 * One call of one plugin. @returns what it printed. Errors: `deadline_exceeded` after its time, `failed_precondition` when
 * it is not there, `unavailable` when it says "try again later", else `unknown`, with all that it said.
 */
export async function callPlugin(runner: PluginRunner, call: PluginCall, signal: AbortSignal): Promise<string> {
  const path = runner.found?.get(call.type) ?? (await findPlugin(runner, call.type));
  const { command, type } = call;
  const begun = performance.now();
  try {
    const done = await runBounded(
      runner.watcher,
      {
        ...{ path, args: [], env: environmentOf(runner, call), input: JSON.stringify(call.request), cwd: '/' },
        ...{ limit: outputLimit, timeoutMs: call.timeoutMs },
        onStart: async (child) => noteRunning(runner, call, child),
      },
      signal,
    );
    const error = errorOf(call, done);
    if (error !== undefined) throw error;
    return done.stdout.toString('utf8');
  } catch (error) {
    runner.series.failures.inc({ command, plugin: type });
    throw error;
  } finally {
    runner.series.seconds.observe({ command, plugin: type }, (performance.now() - begun) / 1000);
  }
}

/** Only an ADD may not run unknown to the next daemon; the others must work on a full disk, too. */
async function noteRunning({ running }: PluginRunner, { pod, command }: PluginCall, child: Child): Promise<void> {
  if (pod === undefined) return;
  const noted = running.note(pod, child);
  await (command === 'ADD' ? noted : noted.catch(() => undefined));
}

function environmentOf({ binDirs, environment }: PluginRunner, { command, variables }: PluginCall): readonly string[] {
  const own = Object.entries({ ...variables, CNI_COMMAND: command, CNI_PATH: binDirs.join(':') });
  return [...environment, ...own.map(([name, value]) => `${name}=${value}`)];
}

function errorOf(call: PluginCall, done: Bounded): CricketError | undefined {
  const { command, type, network, timeoutMs } = call;
  const about = `network ${network}: CNI plugin ${type}, ${command}`;
  const failed = (code: ErrorCode, what: string, cause?: Error) =>
    fail(code, [`${about}: ${what}`, stderrOf(done)].filter((part) => part !== '').join('; '), cause);
  switch (done.ended) {
    case 'timeout':
      return failed('deadline_exceeded', `it did not end within ${timeoutMs / 1000} s and was killed`);
    case 'output':
      return failed('unknown', `it printed more than ${outputLimit} bytes and was killed`);
    case 'cancelled':
      return failed('cancelled', 'it was killed: the daemon gave up the work');
    case undefined:
  }
  if (done.ending.kind === 'killed') return failed('unknown', `it was killed by signal ${done.ending.signal}`);
  if (done.ending.code === 0) return undefined;
  const said = done.stdout.toString('utf8').trim();
  const told = toldError(said);
  if (told !== undefined)
    return failed(
      told.code === tryAgainLater ? 'unavailable' : 'unknown',
      `${told.text} (code ${told.code})`,
      told.error,
    );
  return failed('unknown', `it ended with ${done.ending.code}${said === '' ? '' : `: ${said.slice(0, saidLimit)}`}`);
}

const errorShape = z.object({ code: z.number(), msg: z.string().default(''), details: z.string().default('') });

function toldError(said: string) {
  try {
    const { code, msg, details } = errorShape.parse(JSON.parse(said));
    const text =
      [msg, details]
        .filter((part) => part !== '')
        .join('; ')
        .slice(0, saidLimit) || 'it gave no reason';
    return { code, text, error: new PluginError(code, text) };
  } catch {
    return undefined;
  }
}

function stderrOf({ stderr }: Bounded): string {
  const text = stderr.toString('utf8').trim();
  return text === '' ? '' : `it said: ${text.slice(-saidLimit)}`;
}
