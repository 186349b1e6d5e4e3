import { readFileSync } from 'node:fs';

/** A line of a mountinfo (proc(5)). */
export interface Mounted {
  /** The directory or file of its file system that is mounted. */
  readonly root: string;
  readonly options: ReadonlySet<string>;
  readonly type: string;
  /** Peer groups (mount_namespaces(7)); empty: none. */
  readonly shared: string;
  readonly master: string;
}

/** The mount on top at this path of a process. */
export function mountAt(pid: number | 'self', path: string): Mounted | undefined {
  return mountsOf(pid).findLast(([point]) => point === path)?.[1];
}

function mountsOf(pid: number | 'self'): readonly (readonly [string, Mounted])[] {
  const lines = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root = '', point = '', options = '', ...fields] = left.split(' ');
    const group = (kind: string) => fields.find((field) => field.startsWith(`${kind}:`))?.slice(kind.length + 1) ?? '';
    const groups = { shared: group('shared'), master: group('master') };
    const [type = ''] = right.split(' ');
    return [unescaped(point), { root: unescaped(root), options: new Set(options.split(',')), type, ...groups }];
  });
}

/** mountinfo writes a space as \040. */
const unescaped = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
