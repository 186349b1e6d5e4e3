import type { Config } from '../../config/schema.ts';
import { loadSettings } from '../settings.ts';
import type { FormatFlag } from '../format.ts';
import type { SettingFlags } from '../settings.ts';
import { exitCodes, json, paint } from '../terminal.ts';
import type { Colour, ExitCode, Terminal } from '../terminal.ts';
import { checkChroot } from './chroot.ts';
import { checkCgroups } from './cgroups.ts';
import { checkDisks } from './disks.ts';
import { checkDriver } from './driver.ts';
import type { Finding } from './finding.ts';
import { thisHost } from './host.ts';
import type { Host } from './host.ts';
import { checkImages } from './images.ts';
import { checkKernel } from './kernel.ts';
import { checkLimits } from './limits.ts';
import { checkNetwork } from './network.ts';
import { checkPrivileges } from './privileges.ts';
import { checkPrograms } from './programs.ts';

export interface CheckFlags extends SettingFlags, FormatFlag {
  /** Whether the daemon is asked to read every layer. */
  readonly images: boolean;
}

/** `cricket check`. Exit code 1 when something keeps pods from running. */
export async function check(flags: CheckFlags, terminal: Terminal): Promise<ExitCode> {
  const config = await loadSettings(flags);
  const ofHost = await checkHost(thisHost(terminal.signal), config);
  const findings = flags.images ? [...ofHost, ...(await checkImages(config, terminal.signal))] : ofHost;
  terminal.out(flags.format === 'json' ? json(findings) : render(findings, terminal));
  return findings.some(({ state }) => state === 'fail') ? exitCodes.failed : exitCodes.ok;
}

/** Everything that is checked, in the order in which it is told. */
export async function checkHost(host: Host, config: Config): Promise<readonly Finding[]> {
  const groups = await Promise.all([
    checkPrivileges(host),
    checkChroot(host),
    checkKernel(host),
    checkCgroups(host),
    checkDriver(host, config),
    checkPrograms(host, config),
    checkNetwork(host, config),
    checkLimits(host),
    checkDisks(host, config),
  ]);
  return groups.flat();
}

const colours: Readonly<Record<Finding['state'], Colour>> = { ok: 'green', warn: 'yellow', fail: 'red' };

function render(findings: readonly Finding[], terminal: Terminal): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.map(({ state, name, found, advice }) => {
    const line = `${paint(terminal, colours[state], state.padEnd(4))}  ${name.padEnd(width)}  ${found}`;
    return advice === '' ? line : `${line}\n${' '.repeat(width + 8)}→ ${advice}`;
  });
  const failures = findings.filter(({ state }) => state === 'fail').length;
  const verdict = failures === 0 ? 'pods can run here' : `${failures} to mend before pods can run here`;
  return `${lines.join('\n')}\n\n${paint(terminal, 'bold', verdict)}\n`;
}
