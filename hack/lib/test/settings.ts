import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Lane } from './lanes.ts';

/** NAME=value of what the tests of a lane shall know; builds the runtime and tools that it names, where missing. */
export function variablesOf({ runtime, driver, packages = [], tools = [] }: Lane): string[] {
  if (tools.length > 0) execFileSync(lab('go-tools'), tools, { stdio: ['ignore', 'ignore', 'inherit'] });
  // TOML that is laid over the configuration of every daemon under test.
  const config = [
    ...(runtime === 'newer crun' ? [`runtimes.crun.path = "${newerCrun()}"`] : []),
    ...(runtime === 'runc' ? ['default_runtime = "runc"'] : []),
    ...(driver === undefined ? [] : [`cgroup.driver = "${driver}"`]),
  ];
  return [
    ...(config.length === 0 ? [] : [`CRICKET_TEST_CONFIG=${config.join('\n')}`]),
    ...(packages.length === 0 ? [] : [`CRICKET_TEST_PACKAGES=${packages.map(debianPackage).join(':')}`]),
  ];
}

/** The Debian package of this checkout as that version: its path. Not compressed, which a machine would be long at. */
function debianPackage(version: string): string {
  const repository = join(import.meta.dirname, '../../..');
  const args = ['--fast', '--arch', 'amd64', '--out', join(repository, 'node_modules/.cache/packages'), 'deb'];
  const env = { ...process.env, CRICKET_PACKAGE_VERSION: version };
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  return execFileSync(join(repository, 'hack/package'), args, { env, encoding: 'utf8', stdio: [...stdio] }).trim();
}

const lab = (tool: string): string => join(import.meta.dirname, '../../lab', tool);

function newerCrun(): string {
  return execFileSync(lab('crun'), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}
