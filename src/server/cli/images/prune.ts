import { pruneImagesAnswer, pruneImagesPath } from '../../control/images/prune.ts';
import type { PruneAnswer } from '../../control/images/prune.ts';
import type { FormatFlag } from '../format.ts';
import type { SettingFlags } from '../settings.ts';
import { bytes, json } from '../terminal.ts';
import type { Terminal } from '../terminal.ts';
import { askDaemon } from './control.ts';

export interface PruneFlags extends SettingFlags, FormatFlag {
  readonly all: boolean;
  readonly dryRun: boolean;
  /** Seconds. */
  readonly olderThan?: number;
}

/** `cricket images prune`: removes what no container uses and nobody pinned. */
export async function pruneImages(flags: PruneFlags, terminal: Terminal): Promise<void> {
  const query = {
    ...(flags.all && { all: '1' }),
    ...(flags.dryRun && { dry: '1' }),
    ...(flags.olderThan !== undefined && { older: String(flags.olderThan) }),
  };
  const question = { method: 'POST', path: pruneImagesPath, query, answer: pruneImagesAnswer } as const;
  const pruned = await askDaemon(question, flags, terminal);
  terminal.out(flags.format === 'json' ? json(pruned) : text(pruned, flags.dryRun));
}

function text({ images, kept, bytes: freed }: PruneAnswer, dry: boolean): string {
  const lines = [
    ...images.map(({ id, tags }) => `${dry ? 'would remove' : 'removed'} ${tags.length > 0 ? tags.join(', ') : id}\n`),
    ...kept.map(({ id, reason }) => `kept ${id}: ${reason}\n`),
    `${dry ? 'would free' : 'freed'} ${bytes(freed)}\n`,
  ];
  return lines.join('');
}
