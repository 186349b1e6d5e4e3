import { readFileSync } from 'node:fs';

export interface MountEntry {
  readonly target: string;
  readonly type: string;
  readonly source: string;
  readonly root: string;
  readonly device: string;
}

/** Every mount of this mount namespace (proc_pid_mountinfo(5)), octal escapes resolved. */
export function readMounts(path = '/proc/self/mountinfo'): readonly MountEntry[] {
  const entries: MountEntry[] = [];
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const [left, right] = line.split(' - ');
    if (left === undefined || right === undefined) continue;
    const [, , device = '', root = '', target = ''] = left.split(' ');
    const [type = '', source = ''] = right.split(' ');
    entries.push({
      target: unescapeOctal(target),
      type,
      source: unescapeOctal(source),
      root: unescapeOctal(root),
      device,
    });
  }
  return entries;
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
