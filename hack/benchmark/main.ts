/** main.ts [--endpoint …]… : what hack/bench runs. Tables on stdout, what it is doing on stderr. */
import { readFileSync, writeFileSync } from 'node:fs';
import { statusOf } from '../lib/cri-client.ts';
import { replaceMarked } from '../lib/marked.ts';
import { renderExpectations } from './expected.ts';
import { describeMachine, loadAverage } from './machine.ts';
import { openContestants } from './open.ts';
import { parseOptions } from './options.ts';
import type { Options } from './options.ts';
import { renderTables } from './report.ts';
import type { Results } from './results.ts';
import { runPhases } from './run.ts';

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => interrupted.abort(new Error('interrupted: all that was started is being removed')));
}

try {
  await main(parseOptions(process.argv.slice(2)));
} catch (error) {
  for (const line of explain(error)) console.error(`bench: ${line}`);
  process.exitCode = 1;
}

async function main(options: Options): Promise<void> {
  const machine = describeMachine();
  const loadBefore = loadAverage();
  const contestants = await (async () => {
    await using opened = await openContestants(options.endpoints, options.phases.has('pull'));
    return await runPhases(opened.contestants, options, opened.pullRegistry, interrupted.signal);
  })();
  const load = [loadBefore, loadAverage()] as const;
  const results: Results = { machine, load, pods: options.pods, rounds: options.rounds, contestants };
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
  const text = render(results);
  if (options.doc !== undefined)
    writeFileSync(options.doc, replaceMarked(readFileSync(options.doc, 'utf8'), 'hack/bench', text));
  console.log(text);
}

function render(results: Results): string {
  const { machine, contestants, rounds } = results;
  const versions = contestants.map(({ name, version }) => `${name}: ${version}`).join('; ');
  const about = `${machine.processors}, ${machine.memoryGib} GiB, kernel ${machine.kernel}, cgroup ${machine.cgroups}, load ${results.load.join(' before, ')} after`;
  const head = `${about}; ${machine.programs.join(', ')}; ${versions}; ${rounds} rounds`;
  return [head, renderTables(results), renderExpectations(results)].filter((part) => part !== '').join('\n\n');
}

/** The error that ended the run, then what could not be cleaned up after it. */
function explain(error: unknown): string[] {
  if (error instanceof SuppressedError) return [...explain(error.suppressed), ...explain(error.error)];
  const status = statusOf(error);
  if (status !== undefined)
    return [`${status.message} (${status.code})${error instanceof Error ? `\n${error.stack ?? ''}` : ''}`];
  return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
}
