import { appArmorParsers } from '../../../linux/apparmor.ts';
import { kernelVersionOf } from '../../../linux/seccomp.ts';
import { failed, ok, warn } from './finding.ts';
import type { Finding } from './finding.ts';
import type { Host } from './host.ts';

/** Kernel version, overlayfs, seccomp, AppArmor. */
export async function checkKernel(host: Host): Promise<readonly Finding[]> {
  return [await version(host), await overlay(host), await seccomp(host), await apparmor(host)];
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

async function apparmor(host: Host): Promise<Finding> {
  const enabled = await host.read('/sys/module/apparmor/parameters/enabled');
  if (enabled?.startsWith('Y') !== true) return ok('AppArmor', 'off: profiles of pods are refused');
  if ((await host.read('/sys/kernel/security/apparmor/profiles')) === undefined)
    return warn('AppArmor', 'on, but not to be seen', 'mount -t securityfs securityfs /sys/kernel/security');
  for (const parser of appArmorParsers) if (await host.executable(parser)) return ok('AppArmor', 'on');
  return warn('AppArmor', 'on, without apparmor_parser', 'containers run unconfined; install the package apparmor');
}
