import type { ReadBytes } from '../file-bytes.ts';
import type { ReadFile } from '../group.ts';
import type { CgroupPath } from '../path.ts';
import type { Limits, Resources } from '../resources.ts';

/** One value to be written to one file of a cgroup. */
export interface Write {
  readonly file: string;
  readonly value: string;
  /** The kernel may reclaim memory before this write returns: it must not run on the main thread. */
  readonly waits?: true;
  /** Left out without an error where the kernel has no such file. */
  readonly optional?: true;
}

/** A value of one file of one certain cgroup. */
export interface PathWrite extends Write {
  readonly path: CgroupPath;
}

/** What a controller does in one version of cgroups. */
export interface Side<Stats> {
  /** The writes that bring a cgroup to these resources, in order. Errors: `failed_precondition` if they cannot hold. */
  plan(resources: Resources, read: ReadFile): readonly Write[];
  /** What the files say, or undefined where the controller's files are absent. */
  stats(read: ReadBytes): Stats | undefined;
  /** The limits in force; a field is absent where there is none. */
  limits(read: ReadFile): Limits;
}

/** The silhouette of every file in this folder. */
export interface Controller<Stats> {
  readonly v1: Side<Stats>;
  readonly v2: Side<Stats>;
}
