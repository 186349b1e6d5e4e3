import { repoRoot } from './contract.ts';
import { differing, generatedFiles, writeDiffering } from './files.ts';

const files = await generatedFiles();
if (process.argv.includes('--check')) {
  for (const path of await differing(files, repoRoot)) {
    console.error(`${path} differs from what hack/codegen/gen.ts writes: run "npm run gen" and commit the result`);
    process.exitCode = 1;
  }
} else {
  for (const path of await writeDiffering(files, repoRoot)) console.log(`wrote ${path}`);
}
