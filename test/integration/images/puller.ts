/** A daemon's part in the kill tests: `puller.ts ROOT pull|remove|examine|export|import REFERENCE` says `open`, then `done`. */
import { openStore } from './lab.ts';

const [root = '', verb, reference = ''] = process.argv.slice(2);
const images = await openStore(root);
process.stdout.write('open\n');
const patience = AbortSignal.timeout(60_000);
if (verb === 'pull') await images.pull(reference, {}, patience);
else if (verb === 'remove') await images.remove(reference, patience);
else if (verb === 'examine') await images.examine(patience);
else if (verb === 'import') await images.import(reference, {}, patience);
else for await (const _ of await images.export([reference], patience));
process.stdout.write('done\n');
await images.close();
