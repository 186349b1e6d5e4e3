import { open, stat } from 'node:fs/promises';
import { sleep } from '../../../base/abort.ts';
import { errnoOf, errorFrom, fail } from '../../../base/errors.ts';
import { logFileAnswer, logFilePath } from '../../control/containers/log-file.ts';
import { waitAnswer, waitPath } from '../../control/containers/wait.ts';
import { askDaemon } from '../images/control.ts';
import type { Terminal } from '../terminal.ts';
import type { LogEntry } from './cri-log.ts';
import type { HandsOnFlags } from './each.ts';
import { entriesOf, GrowingLog, rotatedFiles } from './log-files.ts';
import { LogPrinter } from './log-printer.ts';

export interface LogFlags extends HandsOnFlags {
  readonly follow: boolean;
  readonly tail?: number;
  /** Milliseconds since 1970. */
  readonly since?: number;
  readonly timestamps: boolean;
}

/** Milliseconds between two looks at a log that is followed. */
const everyMs = 100;

/** `cricket logs`: the daemon says where the log is, and when the container ends; it is read here. */
export async function logs(name: string, flags: LogFlags, terminal: Terminal): Promise<void> {
  const question = { method: 'GET', path: logFilePath, query: { object: name }, answer: logFileAnswer } as const;
  const { id, title, path, live } = await askDaemon(question, flags, terminal);
  const log = await openLog(path);
  if (log === undefined) throw fail('not_found', `log of ${title}: there is no ${path} any more`);
  const printer = new LogPrinter(flags);
  try {
    await printPast(path, log, flags, printer);
    if (flags.follow && live) await follow({ id, path, log }, flags, printer, terminal);
  } finally {
    await printer.end();
  }
}

/** Undefined where it is absent. */
async function openLog(path: string): Promise<GrowingLog | undefined> {
  try {
    return new GrowingLog(await open(path, 'r'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fail('unavailable', `log ${path}: ${errnoOf(error) ?? 'it cannot be read'}`, error);
  }
}

/** With `tail` the newest file first: the older ones are opened only if it has too few. */
async function printPast(path: string, log: GrowingLog, { tail, since }: LogFlags, printer: LogPrinter): Promise<void> {
  const wanted = (entry: LogEntry) => since === undefined || Date.parse(entry.time) >= since;
  const files = (await rotatedFiles(path)).map((file) => () => entriesOf(file));
  const all = [...files, () => log.read()];
  if (tail === undefined) {
    for (const entries of all) for await (const entry of entries()) if (wanted(entry)) await printer.print(entry);
    return;
  }
  let last: LogEntry[][] = [];
  let missing = tail;
  for (const entries of all.toReversed()) {
    const found = await lastLines(entries(), missing, wanted);
    last = [...found, ...last];
    missing -= found.length;
    if (missing <= 0) break;
  }
  for (const entry of last.flat()) await printer.print(entry);
}

/** A line is its parts, up to the whole one that ends it. */
async function lastLines(
  entries: AsyncIterable<LogEntry>,
  most: number,
  wanted: (entry: LogEntry) => boolean,
): Promise<LogEntry[][]> {
  const lines: LogEntry[][] = [];
  const open = { stdout: [] as LogEntry[], stderr: [] as LogEntry[] };
  for await (const entry of entries) {
    if (!wanted(entry)) continue;
    open[entry.stream].push(entry);
    if (entry.partial) continue;
    lines.push(open[entry.stream]);
    open[entry.stream] = [];
    if (lines.length > most) lines.shift();
  }
  const rest = [open.stdout, open.stderr].filter((parts) => parts.length > 0);
  return [...lines, ...rest].slice(most === 0 ? Infinity : -most);
}

interface Followed {
  readonly id: string;
  readonly path: string;
  readonly log: GrowingLog;
}

async function follow({ id, path, log }: Followed, flags: LogFlags, printer: LogPrinter, terminal: Terminal) {
  const question = { method: 'GET', path: waitPath, query: { object: id }, answer: waitAnswer } as const;
  const end: { told: boolean; failure?: Error } = { told: false };
  askDaemon(question, flags, terminal).then(
    () => (end.told = true),
    (error: unknown) => Object.assign(end, { told: true, failure: errorFrom(error) }),
  );
  let current = log;
  try {
    for (;;) {
      const last = end.told;
      const replaced = await newerThan(current, path);
      // conmon opens the new file before it lets go of the old one: that one grows no more.
      for await (const entry of current.read()) await printer.print(entry);
      if (replaced !== undefined) {
        await current.close();
        current = replaced;
      } else if (last) break;
      else await sleep(everyMs, terminal.signal);
    }
  } catch (error) {
    if (!terminal.signal.aborted) throw error;
  } finally {
    await current.close();
  }
  if (end.failure !== undefined && !terminal.signal.aborted) throw end.failure;
}

/** The file that is under the path by now, if it is another one. */
async function newerThan(log: GrowingLog, path: string): Promise<GrowingLog | undefined> {
  const there = await stat(path).catch(() => undefined);
  return there === undefined || there.ino === (await log.inode()) ? undefined : openLog(path);
}
