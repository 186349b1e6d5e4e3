import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fail, messageOf } from '../../base/errors.ts';
import { traced } from '../../base/trace.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import type { Container } from '../store/store.ts';
import { readSpecText } from '../oci/spec/encode.ts';
import type { Parts } from '../parts.ts';
import { containerTitle } from './record.ts';

export type ExecGroupParts = Pick<Parts, 'cgroups' | 'log' | 'paths'>;

/** What a command has other than the container's first process. */
export interface ProcessChanges {
  /** NAME=value, those of the container with the same names left out. */
  readonly env?: readonly string[];
  readonly cwd?: string;
  readonly user?: { readonly uid: number; readonly gid: number; readonly additionalGids: readonly number[] };
}

export interface ExecProcess extends ProcessChanges {
  readonly command: readonly string[];
  readonly terminal: boolean;
}

/**
 * What a command in a container has of its own: a cgroup inside the container's, so that it can be ended whole,
 * daemonised processes too, and the file that describes its process.
 */
export interface ExecGroup {
  readonly name: string;
  readonly processFile: string;
  /** SIGKILL to all that is in it, until `over` resolves: the runtime may not have put the program into it yet. */
  killUntil(over: Promise<unknown>): Promise<void>;
  /** What is in it belongs to the container from now on. */
  handOver(): void;
  /** What still runs lives on in the container's own cgroup; then ours goes, with its file. Logs its failure. */
  leave(): Promise<void>;
}

/** In the names of what this daemon starts, to tell it from what one before left: of the cgroup and of all files. */
const life = randomBytes(4).toString('hex');

export const isOfThisLife = (name: string): boolean => name.startsWith(`exec-${life}`);

/** Errors: `failed_precondition` unless the container runs. */
export async function makeExecGroup(
  parts: ExecGroupParts,
  container: Container,
  process: ExecProcess,
): Promise<ExecGroup> {
  const { record } = container;
  if (container.state.kind !== 'running')
    throw fail('failed_precondition', `exec in ${containerTitle(record)}: it is ${container.state.kind}, not running`);
  const home = record.cgroup as CgroupPath;
  // What joins a frozen cgroup freezes: the command would not begin before somebody thaws it.
  if (parts.cgroups.frozen(home))
    throw fail('failed_precondition', `exec in ${containerTitle(record)}: it is paused; cricket unpause lets it go on`);
  const name = `exec-${life}${randomBytes(6).toString('hex')}`;
  const group = await traced('exec.cgroup', () => parts.cgroups.createExec(home, name));
  const processFile = join(parts.paths.container(record.id).bundle, `${name}.json`);
  const handOver = () => parts.cgroups.processes(group).forEach((pid) => moveQuietly(parts, pid, home));
  let killing = Promise.resolve();
  const killUntil = async (over: Promise<unknown>) => {
    let ended = false;
    const note = () => (ended = true);
    over.then(note, note);
    while (!ended) {
      await killAll(parts, group);
      await Promise.race([over, delay(20)]);
    }
  };
  const made: ExecGroup = {
    name,
    processFile,
    killUntil: async (over) => (killing = killUntil(over)),
    handOver,
    async leave() {
      await killing;
      try {
        await rm(processFile, { force: true });
        handOver();
        await parts.cgroups.remove(group, AbortSignal.timeout(2_000));
      } catch (error) {
        parts.log.debug({ cgroup: group, reason: messageOf(error) }, 'cgroup of an exec goes with its container');
      }
    },
  };
  try {
    await traced('exec.process', async () =>
      writeFile(processFile, await describe(parts, container, process), { mode: 0o600 }),
    );
    return made;
  } catch (error) {
    await made.leave();
    throw error;
  }
}

async function killAll(parts: ExecGroupParts, group: CgroupPath): Promise<void> {
  try {
    await parts.cgroups.kill(group, AbortSignal.timeout(10_000));
  } catch (error) {
    parts.log.warn({ cgroup: group, reason: messageOf(error) }, 'processes of an exec could not be killed');
  }
}

function moveQuietly(parts: ExecGroupParts, pid: number, to: CgroupPath): void {
  try {
    parts.cgroups.move(pid, to);
  } catch {
    // It ended meanwhile.
  }
}

type ProcessSection = Readonly<Record<string, unknown>> & { readonly env?: readonly string[]; readonly user?: object };
/** Kept while the container is known: probes come every few seconds. */
const processes = new WeakMap<Container, ProcessSection>();

/** The container's own process (user, environment, capabilities, limits) with other arguments. */
async function describe(parts: ExecGroupParts, container: Container, process: ExecProcess): Promise<string> {
  let section = processes.get(container);
  if (section === undefined) {
    const text = await readFile(parts.paths.container(container.record.id).spec, 'utf8');
    section = (readSpecText(text) as { readonly process: ProcessSection }).process;
    processes.set(container, section);
  }
  const { consoleSize: _ofTheContainer, ...own } = section;
  const { command, terminal, env: more = [], cwd, user } = process;
  const names = new Set(more.map((entry) => entry.slice(0, entry.indexOf('='))));
  const kept = (section.env ?? []).filter((entry) => !names.has(entry.slice(0, entry.indexOf('='))));
  const env = [...kept, ...more];
  const changes = {
    ...(cwd !== undefined && { cwd }),
    ...(user !== undefined && { user: { ...section.user, ...user } }),
  };
  return JSON.stringify({ ...own, ...changes, env: terminal ? withTerm(env) : env, terminal, args: command });
}

/** A program that is given a terminal wants to know its kind; Docker and containerd say xterm. */
function withTerm(env: readonly string[]): readonly string[] {
  return env.some((entry) => entry.startsWith('TERM=')) ? env : [...env, 'TERM=xterm'];
}
