/** One line of /proc/self/mountinfo that mounts a cgroup hierarchy. */
export interface CgroupMount {
  readonly version: 'v1' | 'v2';
  readonly device: string;
  readonly root: string;
  readonly dir: string;
  readonly options: readonly string[];
}

/** The cgroup mounts in the text of /proc/self/mountinfo (proc_pid_mountinfo(5)), each hierarchy once. */
export function parseCgroupMounts(text: string): readonly CgroupMount[] {
  const mounts = new Map<string, CgroupMount>();
  for (const line of text.split('\n')) {
    const mount = parseLine(line);
    if (mount === undefined) continue;
    const known = mounts.get(mount.device);
    // A second mount of the same hierarchy may show only a part of it: the whole one wins.
    if (known === undefined || (known.root !== '/' && mount.root === '/')) mounts.set(mount.device, mount);
  }
  return [...mounts.values()];
}

function parseLine(line: string): CgroupMount | undefined {
  const [before, after] = line.split(' - ', 2);
  const [, , device, root, dir] = before?.split(' ') ?? [];
  const [type, , options] = after?.split(' ') ?? [];
  if (type !== 'cgroup' && type !== 'cgroup2') return undefined;
  if (device === undefined || root === undefined || dir === undefined) return undefined;
  const version = type === 'cgroup' ? 'v1' : 'v2';
  return { version, device, root: unescape(root), dir: unescape(dir), options: (options ?? '').split(',') };
}

/** The kernel writes space, tab, newline and backslash as three octal digits. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
