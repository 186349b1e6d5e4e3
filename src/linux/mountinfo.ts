import { readFileSync } from 'node:fs';

export interface MountEntry {
  readonly target: string;
  readonly type: string;
  readonly source: string;
  readonly root: string;
  readonly device: string;
  /** Of the mount itself: `ro`, `nosuid`. */
  readonly options: readonly string[];
  /** Mounts made below it show in its peers: what a bidirectional propagation needs. */
  readonly shared: boolean;
}

/** The mount that an absolute path without symlinks lies in: the longest, and of those the last made. */
export function mountOf(path: string, mounts: readonly MountEntry[]): MountEntry | undefined {
  const holds = (target: string) => target === '/' || path === target || path.startsWith(`${target}/`);
  const lengths = mounts.map(({ target }) => (holds(target) ? target.length : 0));
  return mounts[lengths.lastIndexOf(Math.max(...lengths))];
}

/** Every mount of this mount namespace (proc_pid_mountinfo(5)), octal escapes resolved. */
export function readMounts(path = '/proc/self/mountinfo'): readonly MountEntry[] {
  const entries: MountEntry[] = [];
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const [left, right] = line.split(' - ');
    if (left === undefined || right === undefined) continue;
    const [, , device = '', root = '', target = '', options = '', ...tags] = left.split(' ');
    const [type = '', source = ''] = right.split(' ');
    entries.push({
      target: unescapeOctal(target),
      type,
      source: unescapeOctal(source),
      root: unescapeOctal(root),
      device,
      options: options.split(','),
      shared: tags.some((tag) => tag.startsWith('shared:')),
    });
  }
  return entries;
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
