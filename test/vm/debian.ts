import { mkdirSync, rmSync } from 'node:fs';
import { mounts } from '../leftovers/kernel.ts';
import * as systemd from './systemd.ts';

/** Makes a machine one in which packages are installed as on any other; again, it does nothing more. */
export function prepareForPackages(): void {
  // The machine has another folder there, which knows nothing of the packages that are installed.
  if (mounts().some(({ point }) => point === '/var/lib')) systemd.run('umount', '/var/lib');
  // Overlays must not have their upper layers on the overlay that is this machine's root.
  for (const folder of ['/scratch/cricket', '/var/lib/cricket']) mkdirSync(folder, { recursive: true });
  if (!mounts().some(({ point }) => point === '/var/lib/cricket'))
    systemd.run('mount', '--bind', '/scratch/cricket', '/var/lib/cricket');
  // Of the host's root, which this machine has: it may say that packages start nothing.
  rmSync('/usr/sbin/policy-rc.d', { force: true });
  // The index of manual pages takes minutes in emulation.
  rmSync('/var/lib/man-db/auto-update', { force: true });
}
