import type { Command } from 'commander';
import { formatOption } from '../format.ts';
import type { FormatFlag } from '../format.ts';
import type { ImportFlags } from './import.ts';
import { addSettingFlags } from '../settings.ts';
import type { SettingFlags } from '../settings.ts';
import type { Terminal } from '../terminal.ts';
import { addImageUpkeepCommands } from './upkeep-commands.ts';

/** `cricket images …`: the daemon does the work, over the CRI socket and, for import, the control socket. */
export function addImageCommands(images: Command, terminal: Terminal): void {
  const command = (name: string, description: string) => addSettingFlags(images.command(name).description(description));

  command('ls', 'list images')
    .addOption(formatOption())
    .action(async (flags: SettingFlags & FormatFlag) => {
      const { listImages } = await import('./list.ts');
      await listImages(flags, flags.format, terminal);
    });
  command('pull', 'pull an image; credentials are those of the daemon')
    .argument('<image>', 'reference, such as docker.io/library/busybox:1')
    .action(async (image: string, flags: SettingFlags) => {
      const { pullImage } = await import('./pull.ts');
      await pullImage(image, flags, terminal);
    });
  command('import', 'import an OCI or docker archive')
    .argument('<file>', 'the archive; - for standard input')
    .option('--name <reference>', 'name to give it in place of those in the archive')
    .addOption(formatOption())
    .option('--rootfs', 'it is the tar of a root file system, as docker export writes it; needs --name', false)
    .action(async (file: string, flags: ImportFlags) => {
      const { importImage } = await import('./import.ts');
      await importImage(file, flags, terminal);
    });
  command('export', 'write images into an archive: an OCI layout that docker load reads too')
    .argument('<image...>', 'references or ids')
    .option('-o, --output <file>', 'the archive; standard output unless given')
    .action(async (names: readonly string[], flags: SettingFlags & { readonly output?: string }) => {
      const { exportImages } = await import('./export.ts');
      await exportImages(names, flags, terminal);
    });
  command('rm', 'remove images')
    .argument('<image...>', 'references or ids')
    .action(async (names: readonly string[], flags: SettingFlags) => {
      const { removeImages } = await import('./remove.ts');
      await removeImages(names, flags, terminal);
    });
  command('inspect', 'print all that is known of an image as JSON')
    .argument('<image>', 'reference or id')
    .action(async (image: string, flags: SettingFlags) => {
      const { inspectImage } = await import('./inspect.ts');
      await inspectImage(image, flags, terminal);
    });
  addImageUpkeepCommands(images, terminal);
}
