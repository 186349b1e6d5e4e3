/** The profile of containers that name none, or RuntimeDefault. */
export const defaultProfileName = 'cricket-default';

/**
 * The text of our own profile, in the language of apparmor.d(5), without includes: it is the same on every host.
 * It takes from a container what capabilities and read-only paths already take, should one of those be lifted: to mount,
 * and to write what in /proc and /sys is the whole host's. Deny rules cannot have exceptions, so what is to stay writable
 * (/proc/PID, /proc/sys/kernel/shm*, /sys/fs/cgroup) is cut out by first letters.
 *
 * `modern` adds rules for what AppArmor mediates since 4.0, which an older parser does not understand. `peer` is the
 * profile of the daemon itself, whose signals must get in.
 */
export function defaultProfile({ modern, peer }: { readonly modern: boolean; readonly peer: string }): string {
  const senders = [...new Set(['unconfined', 'crun', 'runc', 'conmon', peer])];
  return `profile ${defaultProfileName} flags=(attach_disconnected, mediate_deleted) {
  capability,
  file,
  network,
  umount,
  unix,
${modern ? '  userns,\n  mqueue,\n  io_uring,\n' : ''}
  signal (send, receive) peer=${defaultProfileName},
${senders.map((name) => `  signal (receive) peer=${quoted(name)},`).join('\n')}
  ptrace (read, readby, trace, tracedby) peer=${defaultProfileName},

  deny mount,
  deny remount,
  deny pivot_root,

  deny /proc/{[^0-9s],s[^y],sy[^s],sys[^/]}** w,
  deny /proc/sys/{[^k],k[^e],kernel/[^s],kernel/s[^h],kernel/sh[^m]}** w,
  deny /proc/{kcore,sysrq-trigger} rwklx,

  deny /sys/{[^f],f[^s],fs/[^c],fs/c[^g],fs/cg[^r]}** wklx,
  deny /sys/{firmware,kernel/security,devices/virtual/powercap}/** rwklx,
}
`;
}

/** Labels of stacked and hat profiles have characters that mean something in a pattern. */
const quoted = (name: string) => `"${name.replace(/["\\[\]{}*?^]/g, (character) => `\\${character}`)}"`;
