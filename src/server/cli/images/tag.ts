import { tagImageAnswer, tagImagePath } from '../../control/images/tag.ts';
import type { SettingFlags } from '../settings.ts';
import type { Terminal } from '../terminal.ts';
import { askDaemon } from './control.ts';

export async function tagImage(image: string, tag: string, flags: SettingFlags, terminal: Terminal): Promise<void> {
  const question = { method: 'POST', path: tagImagePath, query: { image, tag }, answer: tagImageAnswer } as const;
  const { id } = await askDaemon(question, flags, terminal);
  terminal.out(`tagged ${id} as ${tag}\n`);
}
