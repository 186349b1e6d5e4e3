import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { runSideBySide } from './run-side-by-side.ts';
import type { Part, PartResult } from './run-side-by-side.ts';

/** Longest first, so that the short ones fill the gaps. */
const parts: readonly Part[] = [
  { name: 'lint', args: ['node_modules/eslint/bin/eslint.js', '.', '--max-warnings=0'] },
  { name: 'tests', args: ['node_modules/mocha/bin/mocha.js', '--reporter', 'dot'] },
  { name: 'types', args: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--pretty', 'false'] },
  { name: 'format', args: ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'] },
  { name: 'generated', args: ['hack/codegen/gen.ts', '--check'] },
];

process.chdir(join(import.meta.dirname, '../..'));
mkdirSync('node_modules/.cache', { recursive: true });
const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !parts.some((part) => part.name === name));
if (unknown !== undefined) {
  console.error(`check: no part "${unknown}": one of ${parts.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
const chosen = wanted.length === 0 ? parts : parts.filter(({ name }) => wanted.includes(name));

const results = await runSideBySide(chosen, availableParallelism(), report);
const failed = results.filter(({ passed }) => !passed).map(({ name }) => name);
console.log(failed.length === 0 ? 'check: all well' : `check: failed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;

function report({ name, passed, seconds, output }: PartResult): void {
  console.log(`${passed ? 'ok  ' : 'FAIL'}  ${name.padEnd(10)} ${seconds.toFixed(1).padStart(5)} s`);
  if (!passed) console.log(output.trimEnd().replace(/^/gm, '      '));
}
