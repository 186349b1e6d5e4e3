import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { parseTime } from '../events/time.ts';
import { formatOption } from '../format.ts';
import { addSettingFlags } from '../settings.ts';
import type { Terminal } from '../terminal.ts';
import type { CommitFlags } from './commit.ts';
import type { CopyFlags } from './cp.ts';
import type { HandsOnFlags } from './each.ts';
import type { LogFlags } from './logs.ts';
import type { UpdateFlags } from './update.ts';

const named = 'name, pod/container, namespace/pod/container or the beginning of an id';

/** `cricket kill|wait|logs|diff|cp|update|pause|unpause`: what Docker has for a container, and CRI no RPC. */
export function addContainerCommands(program: Command, terminal: Terminal): void {
  const command = (name: string, description: string) =>
    addSettingFlags(program.command(name).description(description)).addOption(formatOption());

  command('kill', 'send a signal to containers; the kubelet starts anew what ends by it')
    .argument('<names...>', `containers: ${named}`)
    .option('-s, --signal <signal>', 'SIGHUP, HUP or 1', 'SIGKILL')
    .action(async (names: readonly string[], flags: HandsOnFlags & { readonly signal: string }) => {
      const { kill } = await import('./kill.ts');
      await kill(names, flags, terminal);
    });
  command('wait', 'wait until containers have ended, and print their exit codes')
    .argument('<names...>', `containers: ${named}`)
    .action(async (names: readonly string[], flags: HandsOnFlags) => {
      const { waitFor } = await import('./wait.ts');
      await waitFor(names, flags, terminal);
    });
  command('logs', 'print what a container wrote: stdout to stdout, stderr to stderr')
    .argument('<name>', `container: ${named}`)
    .option('-f, --follow', 'go on until it ends', false)
    .option('-n, --tail <lines>', 'only the last lines', countOf)
    .option('--since <time>', 'only what is younger: 90s, 1h30m, a date, seconds since 1970', timeOf)
    .option('-t, --timestamps', 'the time before each line', false)
    .action(async (name: string, flags: LogFlags) => {
      const { logs } = await import('./logs.ts');
      await logs(name, flags, terminal);
    });
  command('diff', 'tell what a container did to the files of its image: A added, C changed, D deleted')
    .argument('<name>', `container: ${named}`)
    .action(async (name: string, flags: HandsOnFlags) => {
      const { diff } = await import('./diff.ts');
      await diff(name, flags, terminal);
    });
  command('commit', 'make an image of what a container wrote, on top of its own image')
    .argument('<name>', `container: ${named}`)
    .argument('[image]', 'name of the new image')
    .option('-c, --change <instruction>', 'of a Dockerfile: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, …', several, [])
    .option('-a, --author <author>', 'who made it')
    .option('-m, --message <text>', 'what for')
    .option('--no-pause', 'it goes on while its files are read')
    .action(async (name: string, image: string | undefined, flags: CommitFlags) => {
      const { commit } = await import('./commit.ts');
      await commit(name, image, flags, terminal);
    });
  addSettingFlags(program.command('cp').description('copy files into a running container, or out of it'))
    .argument('<from>', `CONTAINER:/path or a path here; - for an archive on standard input; CONTAINER is a ${named}`)
    .argument('<to>', 'the other of the two; - for an archive on standard output')
    .option('-a, --archive', 'keep owner and group', false)
    .action(async (from: string, to: string, flags: CopyFlags) => {
      const { copy } = await import('./cp.ts');
      await copy(from, to, flags, terminal);
    });
  command('update', 'change limits of containers, all that are given or none; -1 lifts one')
    .argument('<names...>', `containers: ${named}`)
    .option('-m, --memory <bytes>', '512m, 2g')
    .option('--memory-swap <bytes>', 'memory and swap together')
    .option('--cpus <number>', '1.5')
    .option('--cpu-shares <number>', 'weight against others, 2 to 262144')
    .option('--cpu-quota <microseconds>', 'in each period')
    .option('--cpu-period <microseconds>', '1000 to 1000000')
    .option('--cpuset-cpus <list>', '0-3,8')
    .option('--cpuset-mems <list>', '0,1')
    .option('--pids-limit <number>', 'processes and threads')
    .action(async (names: readonly string[], flags: UpdateFlags) => {
      const { update } = await import('./update.ts');
      await update(names, flags, terminal);
    });
  for (const [verb, description] of [
    ['pause', 'hold containers still, with all their processes; a stop ends it'],
    ['unpause', 'let paused containers go on'],
  ] as const)
    command(verb, description)
      .argument('<names...>', `containers: ${named}`)
      .action(async (names: readonly string[], flags: HandsOnFlags) => {
        const { pause, unpause } = await import('./pause.ts');
        await (verb === 'pause' ? pause : unpause)(names, flags, terminal);
      });
}

const several = (value: string, before: readonly string[]): readonly string[] => [...before, value];

function countOf(text: string): number | undefined {
  if (text === 'all') return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a number of lines, or all.');
}

function timeOf(text: string): number {
  const found = parseTime(text, Date.now());
  if (found === undefined)
    throw new InvalidArgumentError('Give 90s, 1h30m, 2026-01-31T12:00:00Z or seconds since 1970.');
  return found;
}
