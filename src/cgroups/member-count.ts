import { KeyedFile, key } from './file-bytes.ts';
import type { FileBytes } from './file-bytes.ts';
import { directoryTree } from './files.ts';
import { directoryIn } from './group.ts';
import { HeldFiles } from './held-files.ts';
import type { Layout } from './layout.ts';
import { membersOf } from './members.ts';
import type { CgroupPath } from './path.ts';

const descendantsKey = key('nr_descendants');

/**
 * Counts the processes of a cgroup and all below it, again and again, through descriptors that it holds in the v2 tree:
 * the kernel tells there how many cgroups are below, so that the tree is walked only when that number has changed or one
 * is gone. Beside v1 most OCI runtimes put processes into that tree too; where they did not, v1 is walked each time.
 */
export class MemberCount implements Disposable {
  readonly #layout: Layout;
  readonly #path: CgroupPath;
  /** Its own first. */
  #groups: readonly HeldFiles[] = [];
  #descendants: number | undefined;

  constructor(layout: Layout, path: CgroupPath) {
    this.#layout = layout;
    this.#path = path;
  }

  count(): number {
    const held = this.#sum() ?? this.#sum() ?? 0;
    return held > 0 || this.#layout.version === 'v2' ? held : membersOf(this.#layout, this.#path).length;
  }

  /** Undefined where the tree changed meanwhile: it is walked anew by the next call. */
  #sum(): number | undefined {
    const { unified } = this.#layout;
    if (unified === undefined) return 0;
    const own = (this.#groups[0] ?? this.#walk(directoryIn(unified, this.#path), unified.dir)).read('cgroup.stat');
    const descendants = own && new KeyedFile(own).of(descendantsKey);
    if (descendants !== this.#descendants) {
      this.#walk(directoryIn(unified, this.#path), unified.dir);
      this.#descendants = descendants;
    }
    let sum = 0;
    for (const group of this.#groups) {
      sum += processesIn(group.read('cgroup.procs'));
      if (!group.removed) continue;
      this[Symbol.dispose]();
      return undefined;
    }
    return sum;
  }

  #walk(directory: string, root: string): HeldFiles {
    this[Symbol.dispose]();
    const paths = directoryTree(directory).map((found) => found.slice(root.length) as CgroupPath);
    const own = new HeldFiles(this.#layout, this.#path);
    this.#groups = [own, ...paths.slice(1).map((path) => new HeldFiles(this.#layout, path))];
    return own;
  }

  [Symbol.dispose](): void {
    for (const group of this.#groups) group[Symbol.dispose]();
    this.#groups = [];
    this.#descendants = undefined;
  }
}

const lineEnd = 0x0a;
const zero = 0x30;

/** Lines of a cgroup.procs, without those that are 0: processes that this PID namespace does not see. */
function processesIn(file: FileBytes | undefined): number {
  if (file === undefined) return 0;
  let count = 0;
  for (let at = 0; at < file.length; at++) {
    if (file.bytes[at] !== zero) count++;
    while (at < file.length && file.bytes[at] !== lineEnd) at++;
  }
  return count;
}
