import { readFileSync, writeFileSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';

/**
 * Gives a process another oom_score_adj (proc(5)), if it has the one that is to be replaced: one that set its own keeps
 * that. `false`: we may not lower it (EACCES). A process that has gone is fine.
 */
export function replaceOomScore(pid: number, from: number, to: number): boolean {
  const file = `/proc/${pid}/oom_score_adj`;
  try {
    if (Number(readFileSync(file, 'utf8')) === from) writeFileSync(file, `${to}`);
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ESRCH') return true;
    if (errno === 'EACCES') return false;
    throw error;
  }
}
