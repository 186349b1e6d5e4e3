/** write.ts FOLDER VERSION : manual pages, shell completion, the default configuration: what the program tells of itself. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultProfile } from '../../../src/sandbox/apparmor/profile.ts';
import { completion } from '../../../src/server/cli/completion.ts';
import { printDefaults } from '../../../src/server/config/print.ts';
import { commandPage, configPage } from './man.ts';
import { programOf } from './program.ts';

const [folder, version] = process.argv.slice(2);
if (folder === undefined || version === undefined) throw new Error('usage: write.ts FOLDER VERSION');
mkdirSync(folder, { recursive: true });
const program = programOf();
/** As apparmor.d(5) has it; an older parser understands it too. */
const profile = `# Loaded at boot. The service loads its own text of this when it starts: a change here does not last, so give a profile of
# yours another name, and name that in the pod.
${defaultProfile({ modern: false, peer: 'unconfined' })}`;
const texts = {
  'cricket-default': profile,
  'cricket.8': commandPage(program, version),
  'cricket.toml.5': configPage(version),
  'cricket.toml': printDefaults(),
  ...Object.fromEntries(['bash', 'zsh', 'fish'].map((shell) => [`completion.${shell}`, completion(shell, program)])),
};
for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
