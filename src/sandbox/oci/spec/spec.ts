import { toCgroupsPath, unitOf } from '../../../cgroups/drivers/systemd.ts';
import type { CgroupPath } from '../../../cgroups/path.ts';
import { capabilitySection } from './capabilities.ts';
import { deviceSection } from './devices.ts';
import { mountSection, rootfsPropagation } from './mounts.ts';
import { hostnameFor, idMappings, namespaceSection } from './namespaces.ts';
import { maskedPathsFor, readonlyPathsFor } from './paths.ts';
import { processSection } from './process.ts';
import { resourceSection } from './resources.ts';
import { seccompSection } from './seccomp/section.ts';
import type { SpecInput } from './input.ts';
import type { OciSpec } from './oci.ts';

/**
 * The lowest version that knows all we write. Runtimes refuse a version newer than theirs (crun 1.8 refuses
 * 1.1), and read the fields they know whatever it says.
 */
const ociVersion = '1.0.2';

/**
 * The OCI runtime configuration of one container. Pure: touches nothing, and equal inputs give equal specs.
 * Errors: `invalid_argument` naming the field for what cannot be written down.
 */
export function buildSpec(input: SpecInput): OciSpec {
  const { sets } = capabilitySection(input);
  return {
    ociVersion,
    process: processSection(input, sets),
    root: { path: input.rootfs.path, readonly: input.rootfs.readonly },
    hostname: hostnameFor(input),
    mounts: mountSection(input),
    annotations: { ...input.annotations, ...scopeAnnotations(input) },
    linux: {
      namespaces: namespaceSection(input.namespaces),
      ...idMappings(input.namespaces.user),
      devices: deviceSection(input),
      cgroupsPath: toCgroupsPath(input.cgroupsPath as CgroupPath),
      resources: resourceSection(input),
      rootfsPropagation: rootfsPropagation(input),
      seccomp: seccompSection(input, sets.bounding),
      maskedPaths: maskedPathsFor(input),
      readonlyPaths: readonlyPathsFor(input),
      mountLabel: input.selinux.mountLabel || undefined,
    },
  };
}

/** crun would put the processes into a cgroup below the scope, and its limits only there: others use the scope itself. */
function scopeAnnotations({ cgroupsPath }: SpecInput): Readonly<Record<string, string>> {
  return unitOf(cgroupsPath as CgroupPath) === undefined ? {} : { 'run.oci.systemd.subgroup': '' };
}
