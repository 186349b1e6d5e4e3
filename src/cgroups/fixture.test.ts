import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Layout, LayoutSources } from './layout.ts';
import { findLayout } from './layout.ts';

/** A made-up machine: hierarchies are directories, kernel files are plain files. */
export interface Machine extends Disposable {
  readonly dir: string;
  readonly sources: LayoutSources;
  readonly layout: Layout;
  /** Writes files by their path below the machine's directory. */
  put(files: Readonly<Record<string, string>>): void;
  text(file: string): string;
}

/** v1 as on many a node: cpu and cpuacct mounted together, an empty v2 tree beside. */
export function hybridMachine(): Machine {
  const v1 = ['cpu,cpuacct', 'cpuset', 'memory', 'pids', 'blkio', 'freezer', 'hugetlb', 'devices', 'name=systemd'];
  return machine([...v1.map((options) => ({ type: 'cgroup', options })), { type: 'cgroup2', options: 'nsdelegate' }], {
    'unified/cgroup.controllers': '\n',
    'unified/cgroup.subtree_control': '\n',
    'cpuset/cpuset.cpus': '0-3\n',
    'cpuset/cpuset.mems': '0\n',
  });
}

export function unifiedMachine(): Machine {
  return machine([{ type: 'cgroup2', options: 'nsdelegate,memory_recursiveprot' }], {
    'unified/cgroup.controllers': 'cpuset cpu io memory hugetlb pids rdma misc\n',
    'unified/cgroup.subtree_control': 'memory\n',
  });
}

function machine(
  mounts: readonly { readonly type: string; readonly options: string }[],
  files: Readonly<Record<string, string>>,
): Machine {
  const dir = mkdtempSync(join(tmpdir(), 'cricket-cgroups-'));
  const put = (more: Readonly<Record<string, string>>) => {
    for (const [file, text] of Object.entries(more)) {
      mkdirSync(dirname(join(dir, file)), { recursive: true });
      writeFileSync(join(dir, file), text);
    }
  };
  const lines = mounts.map(({ type, options }, index) => {
    const name = type === 'cgroup2' ? 'unified' : options.replace('name=', '');
    mkdirSync(join(dir, name));
    return `${30 + index} 23 0:${28 + index} / ${dir}/${name} rw,relatime shared:9 - ${type} ${type} rw,${options}`;
  });
  put(files);
  const sources = { mountinfo: lines.join('\n'), hugepages: ['hugepages-2048kB', 'hugepages-1048576kB'] };
  return {
    dir,
    sources,
    layout: findLayout(sources),
    put,
    text: (file) => readFileSync(join(dir, file), 'utf8'),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true }),
  };
}
