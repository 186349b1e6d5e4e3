import { controlSocket } from '../config/paths.ts';
import { callControl } from '../control/client.ts';
import { infoAnswer, infoPath } from '../control/info.ts';
import type { InfoAnswer } from '../control/info.ts';
import { checkHost } from './check/command.ts';
import type { Finding } from './check/finding.ts';
import { thisHost } from './check/host.ts';
import type { FormatFlag } from './format.ts';
import { loadSettings } from './settings.ts';
import type { SettingFlags } from './settings.ts';
import { bytes, json, paint } from './terminal.ts';
import type { Terminal } from './terminal.ts';
import { binary } from './top/columns.ts';

/** `cricket info`: the daemon says what it is, the checks what the machine lacks. */
export async function info(flags: SettingFlags & FormatFlag, terminal: Terminal): Promise<void> {
  const config = await loadSettings(flags);
  const call = { socket: controlSocket(config), method: 'GET', path: infoPath, query: {}, body: undefined } as const;
  const daemon = infoAnswer.parse(await callControl(call, terminal.signal));
  const host = thisHost(terminal.signal);
  const findings = await checkHost(host, config);
  const warnings = findings.filter(({ state }) => state !== 'ok');
  const system = /^PRETTY_NAME="?(.*?)"?$/m.exec((await host.read('/etc/os-release')) ?? '')?.[1] ?? 'unknown';
  const programs = findings.filter(({ name }) => /^(runtime |conmon$)/.test(name));
  if (flags.format === 'json') terminal.out(json({ ...daemon, system, programs, warnings }));
  else terminal.out(render(daemon, system, programs) + told(warnings, terminal));
}

type Lines = readonly (readonly [name: string, value: string])[];

function render(facts: InfoAnswer, system: string, programs: readonly Finding[]): string {
  const { host, storage, network, cgroups } = facts;
  const found = (name: string) => programs.find((finding) => finding.name.startsWith(name))?.found ?? 'not checked';
  const lines: Lines = [
    ['Version', `${facts.version} (Node ${facts.node}, pid ${facts.pid}, up ${duration(facts.uptime)})`],
    ['Pods', tallied(facts.pods)],
    ['Containers', tallied(facts.containers)],
    ['Images', `${storage.images}, ${bytes(storage.layerBytes)} of layers`],
    ...(facts.unreadable > 0 ? [['Unreadable records', `${facts.unreadable}`] as const] : []),
    ...facts.runtimes.map(({ name, path, isDefault }): Lines[number] => [
      isDefault ? 'Runtime (default)' : 'Runtime',
      `${name}: ${path}, ${found(`runtime ${name}`)}`,
    ]),
    ['Monitor', `${facts.monitor}, ${found('conmon')}`],
    ['Cgroups', `${cgroups.version}, driver ${cgroups.driver}, parent ${cgroups.parent}`],
    ['Network', `${network.mode}, ${network.ready ? 'ready' : `not ready: ${network.reason}`}`],
    ['Pod ranges', network.ranges.join(', ')],
    [
      'Storage',
      `${storage.driver} in ${storage.root}, ${bytes(storage.freeBytes)} of ${bytes(storage.totalBytes)} free`,
    ],
    ['CRI', `unix://${facts.endpoints.cri}`],
    ['Metrics', facts.endpoints.metrics === '' ? 'off' : facts.endpoints.metrics],
    ['Log level', facts.log],
    ['Node', host.name],
    ['System', `${system}, Linux ${host.kernel}, ${host.architecture}, up ${duration(host.uptime)}`],
    ['CPUs', `${host.cpus}`],
    ['Memory', `${binary(host.memoryBytes)}, ${binary(host.freeMemoryBytes)} unused`],
    ['Instance', facts.instance],
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
}

function tallied(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([state, count]) => `${count} ${state}`);
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return parts.length > 1 ? `${total}: ${parts.join(', ')}` : parts.join('') || 'none';
}

function told(warnings: readonly Finding[], terminal: Terminal): string {
  if (warnings.length === 0) return '';
  const lines = warnings.map(({ state, name, found, advice }) => {
    const mark = paint(terminal, state === 'fail' ? 'red' : 'yellow', state === 'fail' ? 'FAIL' : 'WARN');
    return `${mark}  ${name}: ${found}${advice === '' ? '' : `; ${advice}`}\n`;
  });
  return `\n${lines.join('')}`;
}

function duration(seconds: number): string {
  const units = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
  ] as const;
  const [size, unit] = units.find(([length]) => seconds >= length) ?? [1, 's'];
  return `${Math.floor(seconds / size)} ${unit}`;
}
