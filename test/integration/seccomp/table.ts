/**
 * System calls with arguments on which the kernel itself, given every capability, does nothing and does not
 * answer EPERM: so that an EPERM seen is the filter's. `bad` is a pointer that cannot be read.
 */
export interface Probe {
  readonly name: string;
  readonly args: readonly number[];
  /** Open to all, closed to all, or opened by one capability. */
  readonly rule: 'open' | 'never' | `CAP_${string}`;
  /** What the filter answers when closed. */
  readonly closed: 'EPERM' | 'ENOSYS';
}

const bad = -1;
const sigchld = 17;
const newUser = 0x10000000;

export const probes: readonly Probe[] = [
  ...rows('open', [
    ['getpid'],
    ['openat', -1, bad],
    ['execve', bad],
    ['ptrace', 16, -1],
    ['process_vm_readv', -1, 0, 0, 0, 0, 0],
    ['name_to_handle_at', -1, bad],
    ['clone', sigchld],
    ['personality', 0xffffffff],
    ['personality', 8],
    ['socket', 1, 1, 0],
    ['socket', 42, 99, 0],
    ['prctl', 9999],
    ['seccomp', 9999],
    ['clock_adjtime', 0, bad],
    ['pidfd_open', -1],
    ['memfd_create', bad],
    ['openat2', -1, bad, bad, 99999],
    ['close_range', 9, 8],
  ]),
  ...rows('never', [
    ['socket', 38, 99, 0],
    ['socket', 40, 99, 0],
    ['personality', 0x40000],
    ['keyctl', 9999],
    ['add_key', bad, bad],
    ['request_key', bad, bad],
    ['userfaultfd', 0x7ff],
    ['io_uring_setup', 0, bad],
    ['pivot_root', bad, bad],
    ['swapoff', bad],
    ['kexec_load', 0, 9999],
    ['move_pages', 0, 0, 0, 0, 0, 0xff],
    ['sysfs', 99],
    ['ustat', 0, bad],
  ]),
  ...rows('CAP_SYS_ADMIN', [
    ['clone', newUser | sigchld],
    ['unshare', newUser],
    ['unshare', 0],
    ['mount', bad, bad, bad],
    ['umount2', bad, 0],
    ['setns', -1, 0],
    ['fsopen', bad],
    ['open_tree', -1, bad, 0],
    ['mount_setattr', -1, 0, 0, 0, 0],
    ['sethostname', bad, 9],
    ['setdomainname', bad, 9],
    ['fanotify_init', -1],
    ['quotactl', bad, bad],
    ['bpf', 9999, 0, 0],
    ['perf_event_open', bad],
  ]),
  ...rows('CAP_SYS_ADMIN', [['clone3', 0, 0]], 'ENOSYS'),
  ...rows('CAP_DAC_READ_SEARCH', [['open_by_handle_at', -1, bad, 0]]),
  ...rows('CAP_SYS_BOOT', [['reboot', 0, 0, 0]]),
  ...rows('CAP_SYS_CHROOT', [['chroot', bad]]),
  ...rows('CAP_SYS_MODULE', [
    ['delete_module', bad, 0],
    ['finit_module', -1, bad, 0xff],
  ]),
  ...rows('CAP_SYS_PACCT', [['acct', bad]]),
  ...rows('CAP_SYS_PTRACE', [
    ['kcmp', -1, -1, 0],
    ['pidfd_getfd', -1, 0, 0],
    ['process_madvise', -1, 0, 0, 0, 0],
  ]),
  ...rows('CAP_SYS_RAWIO', [
    ['iopl', 9],
    ['ioperm', -1, 9, 1],
  ]),
  ...rows('CAP_SYS_TIME', [
    ['settimeofday', bad, 0],
    ['clock_settime', 0, bad],
  ]),
  ...rows('CAP_SYS_NICE', [
    ['set_mempolicy', 99],
    ['mbind', 0, 0, 99],
    ['get_mempolicy', bad, bad, 0, 0, 99],
  ]),
  ...rows('CAP_SYSLOG', [['syslog', 99, 0, 0]]),
  ...rows('CAP_SYS_TTY_CONFIG', [['vhangup']]),
];

function rows(
  rule: Probe['rule'],
  calls: readonly (readonly [name: string, ...args: number[]])[],
  closed: Probe['closed'] = 'EPERM',
): readonly Probe[] {
  return calls.map(([name, ...args]) => ({ name, args, rule, closed }));
}
