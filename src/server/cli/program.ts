import { Command, Option } from 'commander';
import { version } from '../version.ts';
import { addContainerCommands } from './containers/commands.ts';
import { addEventsCommand } from './events/command.ts';
import type { CheckFlags } from './check/command.ts';
import { withDockersWord } from './docker-words.ts';
import { addRunCommands } from './run/commands.ts';
import { addImageCommands } from './images/commands.ts';
import { addObserveCommands } from './observe.ts';
import { formatOption } from './format.ts';
import type { FormatFlag } from './format.ts';
import { addSettingFlags } from './settings.ts';
import type { SettingFlags } from './settings.ts';
import type { ConfigFlags } from './show-config.ts';
import type { Finish, Terminal } from './terminal.ts';
import { addVolumeCommands } from './volumes.ts';

const epilogue = `
Exit codes: 0 done, 1 failed, 2 used wrongly; run, exec and attach end with their program's, 125 where cricket failed.
NO_COLOR switches colours off; output that is no terminal has none.`;

/** Every command with its flags. What a command does is loaded only when it is called: starting stays fast. */
export function buildProgram(terminal: Terminal, finish: Finish): Command {
  const program = new Command('cricket')
    .description('A Kubernetes container runtime: all of CRI v1 for the kubelet and crictl.')
    // What stands behind the image of `run` is for the container.
    .enablePositionalOptions()
    .showHelpAfterError('(cricket --help tells the commands and flags)')
    .addHelpText('after', epilogue)
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      outputError: (text, write) => write(withDockersWord(text)),
    })
    .exitOverride();

  addSettingFlags(program.command('serve').description('run the daemon in the foreground')).action(
    async (flags: SettingFlags) => {
      const { serve } = await import('./serve.ts');
      finish(await serve(flags, terminal));
    },
  );
  addSettingFlags(program.command('check').description('tell what this host offers and lacks, and what to do'))
    .addOption(formatOption())
    .option('--images', 'have the daemon read every image layer too; it pulls again what is corrupt', false)
    .action(async (flags: CheckFlags) => {
      const { check } = await import('./check/command.ts');
      finish(await check(flags, terminal));
    });
  addSettingFlags(program.command('config').description('print the configuration in force as commented TOML'))
    .addOption(new Option('--format <format>', 'toml or json').choices(['toml', 'json']).default('toml'))
    .option('--defaults', 'print the file that a package installs instead: every default behind a #', false)
    .action(async (flags: ConfigFlags) => {
      const { showConfig } = await import('./show-config.ts');
      await showConfig(flags, terminal);
    });
  program
    .command('version')
    .description('print the version')
    .addOption(formatOption())
    .action(({ format }: FormatFlag) => {
      const facts = { version, node: process.versions.node, arch: process.arch };
      terminal.out(format === 'json' ? `${JSON.stringify(facts)}\n` : `cricket ${version}\n`);
    });
  addEventsCommand(program.command('events'), terminal);
  addObserveCommands(program, terminal);
  addContainerCommands(program, terminal);
  addRunCommands(program, terminal, finish);
  addImageCommands(program.command('images').description('images of the running daemon'), terminal);
  addVolumeCommands(program.command('volumes').description('volumes with names, of cricket run'), terminal);
  program
    .command('completion')
    .description('print completion for a shell: source <(cricket completion bash)')
    .argument('<shell>', 'bash, zsh or fish')
    .action(async (shell: string) => {
      const { completion } = await import('./completion.ts');
      terminal.out(completion(shell, program));
    });
  return program;
}
