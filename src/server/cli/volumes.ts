import type { Command } from 'commander';
import { CricketError, fail } from '../../base/errors.ts';
import { listVolumesAnswer, listVolumesPath, removeVolumeAnswer, removeVolumePath } from '../control/volumes.ts';
import { formatOption } from './format.ts';
import type { FormatFlag } from './format.ts';
import { askDaemon } from './images/control.ts';
import { addSettingFlags } from './settings.ts';
import type { SettingFlags } from './settings.ts';
import { json, table } from './terminal.ts';
import type { Terminal } from './terminal.ts';
import { harmless } from './text.ts';

type Flags = SettingFlags & FormatFlag;

/** `cricket volumes …`: what `cricket run -v NAME:/path` made. */
export function addVolumeCommands(volumes: Command, terminal: Terminal): void {
  const command = (name: string, description: string) =>
    addSettingFlags(volumes.command(name).description(description)).addOption(formatOption());
  command('ls', 'list volumes with names, where they are and which containers mount them').action(
    async (flags: Flags) => listThem(flags, terminal),
  );
  command('rm', 'remove volumes that no container mounts, with all that is in them')
    .argument('<names...>', 'names of volumes')
    .action(async (names: readonly string[], flags: Flags) => removeThem(names, flags, terminal));
}

async function listThem(flags: Flags, terminal: Terminal): Promise<void> {
  const question = { method: 'GET', path: listVolumesPath, query: {}, answer: listVolumesAnswer } as const;
  const found = await askDaemon(question, flags, terminal);
  if (flags.format === 'json') terminal.out(json(found));
  else
    terminal.out(
      table(
        ['VOLUME', 'USED BY', 'PATH'],
        found.map(({ name, users, path }) => [harmless(name), harmless(users.join(', ')), harmless(path)]),
      ),
    );
}

/** Goes on past those that cannot be removed. */
async function removeThem(names: readonly string[], flags: Flags, terminal: Terminal): Promise<void> {
  const question = { method: 'POST', path: removeVolumePath, answer: removeVolumeAnswer } as const;
  const failures: CricketError[] = [];
  const removed: { readonly name: string }[] = [];
  for (const name of names) {
    try {
      removed.push(await askDaemon({ ...question, query: { name } }, flags, terminal));
      if (flags.format === 'table') terminal.out(`${harmless(name)}\n`);
    } catch (error) {
      if (!(error instanceof CricketError) || terminal.signal.aborted) throw error;
      failures.push(error);
    }
  }
  if (flags.format === 'json') terminal.out(json(removed));
  const [first] = failures;
  if (first !== undefined) throw fail(first.code, failures.map(({ message }) => message).join('\n'), first);
}
