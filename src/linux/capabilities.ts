import { readFileSync } from 'node:fs';
import { fail } from '../base/errors.ts';

/** By number, as in linux/capability.h; CHECKPOINT_RESTORE (40, Linux 5.9) is the newest. */
const names: readonly string[] = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE ' +
  'NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT ' +
  'SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE ' +
  'AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ ' +
  'PERFMON BPF CHECKPOINT_RESTORE'
)
  .split(' ')
  .map((name) => `CAP_${name}`);

/** Every capability name there is, whether or not this kernel has it. */
export const capabilityNames = names;

export interface OwnCapabilities {
  /** What the running kernel has and we can name. */
  readonly known: readonly string[];
  /** What this process can hand to a child: in its bounding set, and permitted to itself. */
  readonly grantable: readonly string[];
}

/** Reads /proc/self/status: a process can neither raise its bounding set nor permit a child more than itself. */
export function readCapabilities(statusPath = '/proc/self/status'): OwnCapabilities {
  const lastPath = '/proc/sys/kernel/cap_last_cap';
  return capabilitiesFrom(readFileSync(statusPath, 'utf8'), Number(readFileSync(lastPath, 'utf8')));
}

/** The text of a /proc/PID/status, and the kernel's highest capability number. */
export function capabilitiesFrom(status: string, last: number): OwnCapabilities {
  const granted = maskOf(status, 'CapBnd') & maskOf(status, 'CapPrm');
  const known = names.slice(0, last + 1);
  return { known, grantable: known.filter((_, number) => (granted >> BigInt(number)) & 1n) };
}

function maskOf(status: string, field: string): bigint {
  const digits = new RegExp(`^${field}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1];
  if (digits === undefined) throw fail('internal', `read own capabilities: no ${field} in /proc/self/status`);
  return BigInt(`0x${digits}`);
}
