/** write.ts FOLDER VERSION : manual pages, shell completion, the default configuration: what the program tells of itself. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { completion } from '../../../src/server/cli/completion.ts';
import { printDefaults } from '../../../src/server/config/print.ts';
import { commandPage, configPage } from './man.ts';
import { programOf } from './program.ts';

const [folder, version] = process.argv.slice(2);
if (folder === undefined || version === undefined) throw new Error('usage: write.ts FOLDER VERSION');
mkdirSync(folder, { recursive: true });
const program = programOf();
const texts = {
  'cricket.8': commandPage(program, version),
  'cricket.toml.5': configPage(version),
  'cricket.toml': printDefaults(),
  ...Object.fromEntries(['bash', 'zsh', 'fish'].map((shell) => [`completion.${shell}`, completion(shell, program)])),
};
for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
