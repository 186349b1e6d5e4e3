/** Versions of the CNI specification that we speak, oldest first. */
export const spokenVersions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;
export type CniVersion = (typeof spokenVersions)[number];

/**
 * The highest version that a configuration names and we speak; one that names none means the first (libcni's rule).
 * Undefined where there is none. (Specification 1.1, "Version considerations".)
 */
export function chooseVersion(named: readonly string[]): CniVersion | undefined {
  const wanted = named.filter((version) => version !== '');
  if (wanted.length === 0) return '0.1.0';
  return spokenVersions.findLast((version) => wanted.includes(version));
}

const atLeast = (version: CniVersion, least: CniVersion): boolean =>
  spokenVersions.indexOf(version) >= spokenVersions.indexOf(least);

/** CHECK came with 0.4.0, and with it the result of ADD in the request of DEL. */
export const hasCheck = (version: CniVersion): boolean => atLeast(version, '0.4.0');
/** STATUS and GC came with 1.1.0. */
export const hasStatusAndGc = (version: CniVersion): boolean => atLeast(version, '1.1.0');
