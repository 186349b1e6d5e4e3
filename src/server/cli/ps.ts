import { controlSocket } from '../config/paths.ts';
import { callControl } from '../control/client.ts';
import { processesAnswer, processesPath } from '../control/processes.ts';
import type { ProcessesAnswer } from '../control/processes.ts';
import type { FormatFlag } from './format.ts';
import { loadSettings } from './settings.ts';
import type { SettingFlags } from './settings.ts';
import { json, table } from './terminal.ts';
import type { Terminal } from './terminal.ts';
import { harmless } from './text.ts';
import { binary } from './top/columns.ts';

/** `cricket ps`: what docker top shows, with the pids inside the container too. */
export async function listProcesses(name: string, flags: SettingFlags & FormatFlag, terminal: Terminal): Promise<void> {
  const socket = controlSocket(await loadSettings(flags));
  const call = { socket, method: 'GET', path: processesPath, query: { object: name }, body: undefined } as const;
  const { processes } = processesAnswer.parse(await callControl(call, terminal.signal));
  const header = [
    'CONTAINER',
    'UID',
    'PID',
    'PPID',
    'PID INSIDE',
    'STATE',
    'THREADS',
    'RSS',
    'STARTED',
    'TIME',
    'COMMAND',
  ];
  terminal.out(flags.format === 'json' ? json(processes) : table(header, processes.map(row)));
}

function row(facts: ProcessesAnswer['processes'][number]): readonly string[] {
  const numbers = [facts.uid, facts.pid, facts.ppid, facts.innerPid].map(String);
  return [
    facts.container === '' ? '(pod)' : harmless(facts.container),
    ...numbers,
    ...[facts.state, `${facts.threads}`, binary(facts.residentBytes), new Date(facts.startedAt).toISOString()],
    clock(facts.cpuMs),
    harmless(facts.command.join(' ')),
  ];
}

/** As ps(1) has it: hours, minutes, seconds. */
function clock(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}
