import { imageHistoryAnswer, imageHistoryPath } from '../../control/images/history.ts';
import type { HistoryStep } from '../../control/images/history.ts';
import type { FormatFlag } from '../format.ts';
import type { SettingFlags } from '../settings.ts';
import { bytes, json, table } from '../terminal.ts';
import type { Terminal } from '../terminal.ts';
import { harmless } from '../text.ts';
import { askDaemon } from './control.ts';

const longestCommand = 60;

export interface HistoryFlags extends SettingFlags, FormatFlag {
  /** Whole commands and ids. */
  readonly trunc: boolean;
}

/** `cricket images history`: the steps of a build, newest first, with what each added. */
export async function showHistory(image: string, flags: HistoryFlags, terminal: Terminal): Promise<void> {
  const question = { method: 'GET', path: imageHistoryPath, query: { image }, answer: imageHistoryAnswer } as const;
  const { steps } = await askDaemon(question, flags, terminal);
  const rows = steps.map((step) => row(step, flags.trunc));
  terminal.out(flags.format === 'json' ? json(steps) : table(['CREATED', 'SIZE', 'CREATED BY', 'COMMENT'], rows));
}

function row(step: HistoryStep, short: boolean): readonly string[] {
  const command = harmless(step.createdBy.replaceAll(/\s+/g, ' '));
  const cut = short && command.length > longestCommand ? `${command.slice(0, longestCommand - 1)}…` : command;
  return [step.created.slice(0, 19), bytes(step.bytes), cut === '' ? '(not told)' : cut, harmless(step.comment)];
}
