import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { parseTime } from '../events/time.ts';
import { formatOption } from '../format.ts';
import type { FormatFlag } from '../format.ts';
import { addSettingFlags } from '../settings.ts';
import type { SettingFlags } from '../settings.ts';
import type { Terminal } from '../terminal.ts';
import type { HistoryFlags } from './history.ts';
import type { LoginFlags } from './login.ts';
import type { PruneFlags } from './prune.ts';

/** `cricket images tag|history|df|prune|login|logout`. */
export function addImageUpkeepCommands(images: Command, terminal: Terminal): void {
  const command = (name: string, description: string) => addSettingFlags(images.command(name).description(description));
  const registry = 'host and port, such as registry.example.com:5000; docker.io for Docker Hub';

  command('tag', 'give an image one more name')
    .argument('<image>', 'reference or id')
    .argument('<name>', 'new reference with a tag; an image that has it loses it')
    .action(async (image: string, name: string, flags: SettingFlags) => {
      const { tagImage } = await import('./tag.ts');
      await tagImage(image, name, flags, terminal);
    });
  command('history', 'show how an image was built, the last step first')
    .argument('<image>', 'reference or id')
    .option('--no-trunc', 'whole commands')
    .addOption(formatOption())
    .action(async (image: string, flags: HistoryFlags) => {
      const { showHistory } = await import('./history.ts');
      await showHistory(image, flags, terminal);
    });
  command('df', 'show what images and containers take on disk')
    .addOption(formatOption())
    .action(async (flags: SettingFlags & FormatFlag) => {
      const { showDiskUsage } = await import('./disk-usage.ts');
      await showDiskUsage(flags, terminal);
    });
  command('prune', 'remove images without a name that no container uses; pinned ones stay')
    .option('-a, --all', 'those with a name too', false)
    .option('--older-than <time>', 'only what came here longer ago: 12h, 2d', secondsOf)
    .option('-n, --dry-run', 'only tell what would go', false)
    .addOption(formatOption())
    .action(async (flags: PruneFlags) => {
      const { pruneImages } = await import('./prune.ts');
      await pruneImages(flags, terminal);
    });
  command('login', 'check credentials with a registry and keep them for pulls')
    .argument('<registry>', registry)
    .requiredOption('-u, --username <name>', 'user name')
    .option('--password-stdin', 'read the password from standard input', false)
    .action(async (server: string, flags: LoginFlags) => {
      const { login } = await import('./login.ts');
      await login(server, flags, terminal);
    });
  command('logout', 'forget the credentials for a registry')
    .argument('<registry>', registry)
    .action(async (server: string, flags: SettingFlags) => {
      const { logout } = await import('./login.ts');
      await logout(server, flags, terminal);
    });
}

/** How long ago a time such as 12h is, in seconds. */
export function secondsOf(text: string): number {
  const now = Date.now();
  const then = /^\d+(\.\d+)?$/.test(text) ? undefined : parseTime(text, now);
  if (then === undefined || then > now) throw new InvalidArgumentError('Give a time such as 90m, 12h or 2d.');
  return (now - then) / 1000;
}
