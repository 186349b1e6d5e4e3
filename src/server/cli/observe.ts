import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { ListFlags } from './containers/list.ts';
import { formatOption } from './format.ts';
import type { FormatFlag } from './format.ts';
import { addSettingFlags } from './settings.ts';
import type { SettingFlags } from './settings.ts';
import type { Terminal } from './terminal.ts';
import { orders } from './top/columns.ts';
import type { TopFlags } from './top/flags.ts';

const named = 'name, pod/container, namespace/pod/container or the beginning of an id';

/** `cricket top`, `ps`, `inspect`, `info`: what runs here, asked of the daemon over its control socket. */
export function addObserveCommands(program: Command, terminal: Terminal): void {
  const command = (name: string, description: string) =>
    addSettingFlags(program.command(name).description(description));

  command('top', 'show what containers use, live')
    .argument('[names...]', `pods and containers: ${named}`)
    .addOption(new Option('--sort <key>', 'order of rows').choices(Object.keys(orders)).default('cpu'))
    .option('--reverse', 'the least first', false)
    .option('-a, --all', 'containers that do not run too', false)
    .option('--no-stream', 'print once and end')
    .option('--interval <seconds>', 'time between two looks', secondsOf, 2)
    .addOption(formatOption())
    .addHelpText('after', '\nKeys: q ends; c m n i b p t s o e sort; r turns the order round; arrows scroll.')
    .action(async (names: readonly string[], flags: TopFlags) => {
      const { top } = await import('./top/command.ts');
      await top(names, flags, terminal);
    });
  command('ps', 'list containers; with a name, the processes of a pod or container')
    .argument('[name]', named)
    .option('-a, --all', 'containers that do not run too', false)
    .option('-q, --quiet', 'only their ids', false)
    .addOption(formatOption())
    .action(async (name: string | undefined, flags: ListFlags) => {
      const { listContainers } = await import('./containers/list.ts');
      const { listProcesses } = await import('./ps.ts');
      await (name === undefined ? listContainers(flags, terminal) : listProcesses(name, flags, terminal));
    });
  command('inspect', 'print all that is known of pods, containers or images as JSON')
    .argument('<names...>', `${named}; of an image its reference`)
    .addOption(new Option('--type <kind>', 'only this kind').choices(['pod', 'container', 'image']))
    .action(async (names: readonly string[], flags: SettingFlags & { readonly type?: string }) => {
      const { inspect } = await import('./inspect.ts');
      await inspect(names, flags, terminal);
    });
  command('info', 'tell what this node and its daemon are')
    .addOption(formatOption())
    .action(async (flags: SettingFlags & FormatFlag) => {
      const { info } = await import('./info.ts');
      await info(flags, terminal);
    });
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= 0.2 && seconds <= 3600)) throw new InvalidArgumentError('must be seconds from 0.2 to 3600');
  return seconds;
}
