import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectCri } from '../../hack/lib/cri-client.ts';
import type { CriClient } from '../../hack/lib/cri-client.ts';
import { demoImage, demoReference } from '../../hack/lib/demo-image.ts';
import { ociArchive } from '../../hack/lib/oci/archive.ts';
import { clearTraces } from '../fixtures/daemon/traces.ts';
import { patience } from '../fixtures/pace.ts';
import { eventually } from '../fixtures/pods.ts';

const repository = join(import.meta.dirname, '../..');
export const unit = 'cricket.service';
export const settings = { root: '/scratch/cricket', state: '/run/cricket', cgroup: '/cricket' } as const;
/** Seconds without a sign of life until the service manager restarts it; the unit's minute is long for a test. */
export const watchdogSeconds = 20;
/** Seconds that a start may take: the unit's two minutes, longer where all limits are. */
const startSeconds = patience(120);

export function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** Properties of the unit, as `systemctl show` names them. */
export function shown<K extends string>(...names: readonly K[]): Readonly<Record<K, string>> {
  const lines = run('systemctl', 'show', unit, ...names.flatMap((name) => ['-p', name])).split('\n');
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s))) as Record<K, string>;
}

export const mainPid = (): number => Number(shown('MainPID').MainPID);

/** As hack/up does: its own words, less the installation of what is mounted already. */
export function startAsUpDoes(configuration: string): void {
  const installed = process.env['CRICKET_TEST_INSTALLED'];
  if (installed === undefined) throw new Error('hack/test tells where the build is');
  mkdirSync('/usr/lib/cricket', { recursive: true });
  run('mount', '--bind', join(installed, '..'), '/usr/lib/cricket');
  mkdirSync('/etc/cricket', { recursive: true });
  writeFileSync(
    '/etc/cricket/cricket.toml',
    `root = "${settings.root}"\nnetwork.mode = "built-in"\n${configuration}\n`,
  );
  const dropIn = `/etc/systemd/system/${unit}.d`;
  mkdirSync(dropIn, { recursive: true });
  // An abort by the watchdog would leave its memory in a file, in a machine that has it in memory too.
  const section = ['[Service]', `TimeoutStartSec=${startSeconds}`, `WatchdogSec=${watchdogSeconds}`, 'LimitCORE=0'];
  writeFileSync(join(dropIn, 'test.conf'), `${section.join('\n')}\n`);
  const words = '. hack/lib/common.sh; . hack/lib/service.sh; read_settings; ensure_service';
  execFileSync('bash', ['-euc', words], { cwd: repository, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Connected to the service once another process than `before` serves. */
export async function connected(before = 0): Promise<CriClient> {
  await eventually(() => {
    const { MainPID, ActiveState } = shown('MainPID', 'ActiveState');
    if (MainPID === '0' || Number(MainPID) === before || ActiveState !== 'active')
      throw new Error(`${unit} is ${ActiveState} with pid ${MainPID}`);
  }, 120_000);
  const cri = connectCri(`unix://${settings.state}/cricket.sock`);
  await cri.ready(60_000);
  return cri;
}

export function importDemo(): void {
  const file = '/tmp/demo.tar';
  writeFileSync(file, ociArchive(demoImage(), demoReference));
  run('/usr/lib/cricket/current/bin/cricket', 'images', 'import', file);
}

/** Units that systemd knows and whose names are like this. */
export const units = (pattern: string): readonly string[] =>
  run('systemctl', 'list-units', '--all', '--plain', '--no-legend', '--no-pager', pattern)
    .split('\n')
    .map((line) => line.trim().split(/\s+/)[0] ?? '')
    .filter((name) => name !== '');

/** Ends the service, and takes away what it leaves for its next life; says what it should not have left. `cgroup`: its parent. */
export async function end(cgroup: string): Promise<string[]> {
  run('systemctl', 'stop', unit);
  const instance = readFileSync(join(settings.root, 'instance'), 'utf8').trim();
  return clearTraces({ ...settings, cgroup, instance });
}

/** The v2 cgroup of a process. */
export const cgroupOf = (pid: number): string =>
  /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '';

export const cgroupFile = (group: string, file: string): string =>
  readFileSync(join('/sys/fs/cgroup', group, file), 'utf8').trim();

/** What the service manager itself said of the unit since this machine started, below errors of the unit's own. */
export const managerSaid = (): string => run('journalctl', '_PID=1', '-o', 'cat', '--no-pager', `UNIT=${unit}`);
