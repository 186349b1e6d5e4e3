import { fail } from '../../base/errors.ts';
import type { Descriptor, Platform } from './manifest.ts';

/** This machine in the registries' words. */
export function hostPlatform(): Platform {
  const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };
  return { os: 'linux', architecture: architectures[process.arch] ?? process.arch };
}

/** `linux/arm64/v8` */
export const formatPlatform = (platform: Platform): string =>
  [platform.os, platform.architecture, platform.variant].filter((part) => part !== undefined).join('/');

/** Errors: `invalid_argument`. */
export function parsePlatform(text: string): Platform {
  const [os, architecture, variant, ...more] = text.split('/');
  if (os === undefined || architecture === undefined || more.length > 0 || !/^[a-z0-9._/-]+$/.test(text))
    throw fail(
      'invalid_argument',
      `platform ${JSON.stringify(text.slice(0, 100))}: want os/architecture, such as linux/arm64 or linux/arm/v7`,
    );
  return { os, architecture, ...(variant !== undefined && { variant }) };
}

/** Variants that every machine of the architecture runs. */
const commonVariants = new Set(['', 'v1', 'v8']);

/**
 * The member of an index for a platform: the variant asked for, else the one every machine runs, else the
 * first of the architecture; a member that names no platform only where none matches.
 * Errors: `not_found` naming what the index has.
 */
export function choosePlatform(members: readonly Descriptor[], wanted: Platform, about: string): Descriptor {
  const fitting = members.filter(
    ({ platform }) => platform?.os === wanted.os && platform.architecture === wanted.architecture,
  );
  const variantOf = (member: Descriptor) => member.platform?.variant ?? '';
  const chosen =
    fitting.find((member) => variantOf(member) === (wanted.variant ?? '')) ??
    fitting.find((member) => commonVariants.has(variantOf(member))) ??
    fitting[0] ??
    members.find((member) => member.platform === undefined || member.platform === null);
  if (chosen !== undefined) return chosen;
  const offered = members.map(({ platform }) => (platform ? formatPlatform(platform) : 'unnamed')).join(', ');
  throw fail(
    'not_found',
    `${about} has no image for ${formatPlatform(wanted)}; it has: ${offered.slice(0, 500)}; name an image of this platform`,
  );
}
