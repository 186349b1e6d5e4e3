import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Lane } from './lanes.ts';

/** NAME=value of what the tests of a lane shall know; builds the runtime that they name, where it is missing. */
export function variablesOf({ runtime, driver }: Lane): string[] {
  // TOML that is laid over the configuration of every daemon under test.
  const config = [
    ...(runtime === 'newer crun' ? [`runtimes.crun.path = "${newerCrun()}"`] : []),
    ...(runtime === 'runc' ? ['default_runtime = "runc"'] : []),
    ...(driver === undefined ? [] : [`cgroup.driver = "${driver}"`]),
  ];
  return config.length === 0 ? [] : [`CRICKET_TEST_CONFIG=${config.join('\n')}`];
}

function newerCrun(): string {
  const tool = join(import.meta.dirname, '../../lab/crun');
  return execFileSync(tool, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}
