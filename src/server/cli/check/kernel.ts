import { kernelVersionOf } from '../../../linux/seccomp.ts';
import { failed, ok, warn } from './finding.ts';
import type { Finding } from './finding.ts';
import type { Host } from './host.ts';

/** Kernel version, overlayfs, seccomp. */
export async function checkKernel(host: Host): Promise<readonly Finding[]> {
  return [await version(host), await overlay(host), await seccomp(host)];
}

async function version(host: Host): Promise<Finding> {
  const release = (await host.read('/proc/sys/kernel/osrelease'))?.trim() ?? '';
  const [major, minor] = kernelVersionOf(release);
  const number = major * 1000 + minor;
  if (number < 5015) return failed('kernel', release, 'run Linux 6.1 or newer; 5.15 is the oldest meant to work');
  if (number < 6001) return warn('kernel', release, 'meant to work, but tested from 6.1 on');
  return ok('kernel', release);
}

async function overlay(host: Host): Promise<Finding> {
  const known = /\boverlay$/m.test((await host.read('/proc/filesystems')) ?? '');
  if (known) return ok('overlayfs', 'there');
  const loadable = (await host.run('modprobe', '--dry-run', 'overlay'))?.code === 0;
  return loadable
    ? warn('overlayfs', 'not loaded', 'modprobe overlay, and name it in /etc/modules-load.d/cricket.conf')
    : failed('overlayfs', 'not in this kernel', 'run a kernel with CONFIG_OVERLAY_FS');
}

async function seccomp(host: Host): Promise<Finding> {
  const actions = await host.read('/proc/sys/kernel/seccomp/actions_avail');
  return actions === undefined
    ? warn('seccomp', 'not in this kernel', 'containers run unconfined; run a kernel with CONFIG_SECCOMP_FILTER')
    : ok('seccomp', 'there');
}
