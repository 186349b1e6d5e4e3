/** What a line of `cricket check` can be about; docs/check.md has an entry for each. NAME stands for any. */
export const checkNames = [
  'root',
  'capabilities',
  'CAP_NAME',
  'chroot',
  'kernel',
  'overlayfs',
  'seccomp',
  'AppArmor',
  'cgroups',
  'cgroup NAME',
  'cgroup hybrid',
  'runtime NAME',
  'conmon',
  'init',
  'nftables',
  'ip_forward',
  'ipv6',
  'forwarding',
  'pod network',
  'inotify instances',
  'inotify watches',
  'pid_max',
  'keyring keys',
  'disk',
  'disk space',
  'disk type',
  'image layers',
  'image',
] as const;
type Named<T> = T extends `${infer Before}NAME` ? `${Before}${string}` : T;
export type CheckName = Named<(typeof checkNames)[number]>;

/** One line of `cricket check`. */
export interface Finding {
  readonly name: CheckName;
  /** fail: pods will not run; warn: something will not, or not well. */
  readonly state: 'ok' | 'warn' | 'fail';
  readonly found: string;
  /** What to do; empty when there is nothing to do. */
  readonly advice: string;
}

export const ok = (name: CheckName, found: string): Finding => ({ name, state: 'ok', found, advice: '' });
export const warn = (name: CheckName, found: string, advice: string): Finding => ({
  name,
  state: 'warn',
  found,
  advice,
});
export const failed = (name: CheckName, found: string, advice: string): Finding => ({
  name,
  state: 'fail',
  found,
  advice,
});
