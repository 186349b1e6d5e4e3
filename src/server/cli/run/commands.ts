import { Argument, InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { CricketError } from '../../../base/errors.ts';
import { formatOption } from '../format.ts';
import type { FormatFlag } from '../format.ts';
import { secondsOf } from '../images/upkeep-commands.ts';
import type { PruneFlags } from '../prune.ts';
import { prunables } from './prunables.ts';
import { addSettingFlags } from '../settings.ts';
import type { SettingFlags } from '../settings.ts';
import type { Finish, Terminal } from '../terminal.ts';
import type { ExecFlags, RunFlags } from './flags.ts';
import { addRefusedFlags } from './refused.ts';

const named = 'name, pod/container, namespace/pod/container or the beginning of an id';
const several = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** `cricket run|exec|attach|stop|rm`: a container for a person, outside of any cluster. */
export function addRunCommands(program: Command, terminal: Terminal, finish: Finish): void {
  const command = (name: string, description: string) =>
    addSettingFlags(program.command(name).description(description));
  addRun(command('run', 'run a container in a pod of its own, which CRI does not list'), terminal, finish);
  command('exec', 'run a program in a running container')
    .passThroughOptions()
    .argument('<name>', `container: ${named}`)
    .argument('<command...>', 'the program and its arguments')
    .option('-i, --interactive', 'give it standard input', false)
    .option('-t, --tty', 'give it a terminal', false)
    .option('-e, --env <NAME=value>', 'beside the environment of the container', several, [])
    .option('-w, --workdir <path>', 'where it begins')
    .option('-u, --user <user[:group]>', 'names of the image, or numbers')
    .action(async (name: string, words: readonly string[], flags: ExecFlags) => {
      const { exec } = await import('./exec.ts');
      await ending(finish, terminal, async () => exec(name, words, flags, terminal));
    });
  command('attach', 'join the streams of a running container; Ctrl-P Ctrl-Q lets go of a terminal')
    .argument('<name>', `container: ${named}`)
    .option('--no-stdin', 'only look on')
    .action(async (name: string, flags: SettingFlags & { readonly stdin: boolean }) => {
      const { attach } = await import('./exec.ts');
      await ending(finish, terminal, async () => attach(name, flags, terminal));
    });
  command('stop', 'end containers: their stop signal, then SIGKILL')
    .argument('<names...>', `containers: ${named}`)
    .option('-t, --time <seconds>', 'between the two', wholeSeconds, 10)
    .addOption(formatOption())
    .action(async (names: readonly string[], flags: SettingFlags & FormatFlag & { readonly time: number }) => {
      const { stop } = await import('./stop.ts');
      await stop(names, flags, terminal);
    });
  addPrune(command('prune', 'remove containers of cricket run that have ended, and images without a name'), terminal);
  command('rm', 'remove containers that cricket run made, with their logs and files')
    .argument('<names...>', `containers: ${named}`)
    .option('-f, --force', 'those that run too', false)
    .addOption(formatOption())
    .action(async (names: readonly string[], flags: SettingFlags & FormatFlag & { readonly force: boolean }) => {
      const { remove } = await import('./stop.ts');
      await remove(names, flags, terminal);
    });
}

function addRun(command: Command, terminal: Terminal, finish: Finish): void {
  addRefusedFlags(command)
    .passThroughOptions()
    .argument('<image>', 'image reference; it is pulled where it is not here')
    .argument('[command...]', 'instead of the command of the image')
    .option('-i, --interactive', 'give it standard input', false)
    .option('-t, --tty', 'give it a terminal', false)
    .option('-d, --detach', 'print its id and leave it alone', false)
    .option('--rm', 'remove it when it has ended', false)
    .option('--name <name>', 'its name; one is invented')
    .option('-e, --env <NAME=value>', 'environment; a bare NAME takes the value from here', several, [])
    .option('--env-file <file>', 'a file of such lines', several, [])
    .option(
      '-v, --volume <here:inside[:ro]>',
      'bind mount of a file or directory, or a volume by its name',
      several,
      [],
    )
    .option('-p, --publish <[ip:]host:inside[/udp]>', 'host port that leads to a port of it', several, [])
    .option('-m, --memory <bytes>', 'limit: 512m, 2g')
    .option('--memory-swap <bytes>', 'limit of memory and swap together; -1 for none')
    .option('--cpus <number>', 'limit: 1.5')
    .option('--pids-limit <number>', 'limit of tasks; -1 for none')
    .option('-w, --workdir <path>', 'where the program begins')
    .option('-u, --user <user[:group]>', 'names of the image, or numbers')
    .option('--entrypoint <program>', 'instead of the entrypoint of the image')
    .option('--hostname <name>', 'its host name')
    .option('-l, --label <key=value>', 'label', several, [])
    .option('--read-only', 'its root file system cannot be written', false)
    .option('--privileged', 'everything that root may do here', false)
    .option('--cap-add <name>', 'one more capability', several, [])
    .option('--cap-drop <name>', 'one less; ALL', several, [])
    .option('--dns <address>', 'name server', several, [])
    .option('--network <mode>', 'bridge, host or none', 'bridge')
    .option('--stop-signal <signal>', 'what cricket stop begins with')
    .option('--cidfile <file>', 'write the id into a new file')
    .addOption(new Option('--pull <when>').choices(['always', 'missing', 'never']).default('missing'))
    .addOption(formatOption())
    .addHelpText('after', '\nExit codes: those of its program; 125 cricket failed, 126 not to be run, 127 not found.')
    .action(async (image: string, words: readonly string[], flags: RunFlags) => {
      const { run } = await import('./run.ts');
      await ending(finish, terminal, async () => run([image, ...words], flags, terminal));
    });
}

function addPrune(command: Command, terminal: Terminal): void {
  command
    .addArgument(new Argument('[what]', 'only these').choices(prunables))
    .option('-a, --all', 'containers of CRI and images with a name too', false)
    .option('--volumes', 'volumes that no container mounts too', false)
    .option('--older-than <time>', 'only what ended, or came here, longer ago: 12h, 2d', secondsOf)
    .option('-l, --label <key[=value]>', 'only with this label; may be repeated', several, [])
    .option('-n, --dry-run', 'only tell what would go', false)
    .option('-f, --force', 'do not ask', false)
    .addOption(formatOption())
    .action(async (what: (typeof prunables)[number] | undefined, flags: PruneFlags) => {
      const { prune } = await import('../prune.ts');
      await prune(what, flags, terminal);
    });
}

/** What a program ends with stands for the program; what we fail with must look like none of its own: as Docker has it. */
async function ending(finish: Finish, terminal: Terminal, work: () => Promise<number>): Promise<void> {
  try {
    finish(await work());
  } catch (error) {
    if (!(error instanceof CricketError)) throw error;
    terminal.err(error.message.replace(/^/gm, 'cricket: ') + '\n');
    finish(failedCode(error.message));
  }
}

/** As shells and Docker: 127 for a program that is not there, 126 for one that cannot be run. */
function failedCode(message: string): number {
  if (/executable file .*not found|stat .*: no such file|exec.*no such file/i.test(message)) return 127;
  return /could not be started|exec format error|permission denied/i.test(message) ? 126 : 125;
}

function wholeSeconds(text: string): number {
  if (/^\d{1,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give whole seconds.');
}
