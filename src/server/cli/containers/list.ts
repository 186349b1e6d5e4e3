import { listContainersAnswer, listContainersPath } from '../../control/containers/list.ts';
import type { ListedContainer } from '../../control/containers/list.ts';
import { askDaemon } from '../images/control.ts';
import type { FormatFlag } from '../format.ts';
import type { SettingFlags } from '../settings.ts';
import { json, table } from '../terminal.ts';
import type { Terminal } from '../terminal.ts';
import { harmless } from '../text.ts';

export interface ListFlags extends SettingFlags, FormatFlag {
  readonly all: boolean;
  readonly quiet: boolean;
}

const longestCommand = 30;

/** `cricket ps` without a name: containers, those of `cricket run` and those of CRI. */
export async function listContainers(flags: ListFlags, terminal: Terminal): Promise<void> {
  const query: Readonly<Record<string, string>> = flags.all ? { all: '1' } : {};
  const question = { method: 'GET', path: listContainersPath, query, answer: listContainersAnswer } as const;
  const found = await askDaemon(question, flags, terminal);
  if (flags.format === 'json') terminal.out(json(found));
  else if (flags.quiet) terminal.out(found.map(({ id }) => `${id}\n`).join(''));
  else
    terminal.out(
      table(
        ['CONTAINER', 'IMAGE', 'COMMAND', 'CREATED', 'STATUS', 'PORTS', 'NAME'],
        found.map((one) => row(one, Date.now())),
      ),
    );
}

function row(one: ListedContainer, now: number): readonly string[] {
  const command = harmless(one.command.join(' '));
  return [
    one.id.slice(0, 13),
    harmless(one.image),
    command.length > longestCommand ? `${command.slice(0, longestCommand - 1)}…` : command,
    `${ago(now - one.createdAt)} ago`,
    statusOf(one, now),
    one.ports
      .map(({ hostIp, hostPort, containerPort, protocol }) => {
        const host = hostIp === '' ? hostPort : `${hostIp}:${hostPort}`;
        return `${host}->${containerPort}/${protocol}`;
      })
      .join(', '),
    harmless(one.standalone ? one.name : `${one.namespace}/${one.pod}/${one.name}`),
  ];
}

function statusOf(one: ListedContainer, now: number): string {
  if (one.state === 'running') return `up ${ago(now - one.startedAt)}${one.paused ? ' (paused)' : ''}`;
  if (one.state !== 'exited') return one.state;
  const why = one.reason === 'Completed' || one.reason === 'Error' ? '' : ` ${one.reason}`;
  return `exited (${one.exitCode ?? '?'})${why} ${ago(now - one.finishedAt)} ago`;
}

/** In the largest unit that fits. */
function ago(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 6000) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
