import type { OciIdMapping, OciMount } from './oci.ts';
import type { SpecInput } from './input.ts';

type DefaultsInput = Pick<SpecInput, 'privileged' | 'namespaces'> & {
  readonly host: Pick<SpecInput['host'], 'cgroupVersion'>;
};

/** What every container sees that mounts nothing over it. Order matters: /dev comes before what is in it. */
export function defaultMounts(input: DefaultsInput): readonly OciMount[] {
  const mode = input.privileged ? 'rw' : 'ro';
  return [
    procMount(input),
    kernelFs('/dev', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
    kernelFs('/dev/pts', 'devpts', devptsOptions(input)),
    ...mqueueMount(input),
    sysMount(input, mode),
    cgroupMount(input, mode),
  ];
}

const kernelFs = (destination: string, type: string, options: readonly string[]): OciMount => ({
  destination,
  type,
  source: type,
  options,
});

const hostBind = (path: string, options: readonly string[]): OciMount => ({
  destination: path,
  type: 'bind',
  source: path,
  options: ['rbind', ...options],
});

const guarded = ['nosuid', 'noexec', 'nodev'];

/*
 * The kernel lets a user namespace mount proc, mqueue and sysfs only for a pid, ipc and network namespace
 * that it owns; with the host's, the host's mount is shown instead.
 */
const hasUserNamespace = (input: DefaultsInput) => input.namespaces.user.kind !== 'host';

function procMount(input: DefaultsInput): OciMount {
  if (hasUserNamespace(input) && input.namespaces.pid.kind === 'host') return hostBind('/proc', guarded);
  return kernelFs('/proc', 'proc', guarded);
}

/** Not every host mounts one, so there may be none to show. */
function mqueueMount(input: DefaultsInput): readonly OciMount[] {
  if (hasUserNamespace(input) && input.namespaces.ipc.kind === 'host') return [];
  return [kernelFs('/dev/mqueue', 'mqueue', guarded)];
}

function sysMount(input: DefaultsInput, mode: string): OciMount {
  const options = [...guarded, mode];
  if (hasUserNamespace(input) && input.namespaces.net.kind === 'host')
    return hostBind('/sys', [...guarded, mode === 'ro' ? 'rro' : mode]);
  return kernelFs('/sys', 'sysfs', options);
}

/**
 * Mounting cgroup2 from the host's cgroup namespace sets the options of the one superblock there is, and
 * would strip nsdelegate and memory_recursiveprot from the host: a bind leaves them alone.
 */
function cgroupMount(input: DefaultsInput, mode: string): OciMount {
  const options = [...guarded, 'relatime', mode];
  if (input.host.cgroupVersion === 2 && input.namespaces.cgroup.kind === 'host')
    return hostBind('/sys/fs/cgroup', options);
  return kernelFs('/sys/fs/cgroup', 'cgroup', options);
}

/** Group 5 is `tty` wherever a distribution has one; devpts refuses a group that the namespace does not map. */
function devptsOptions(input: DefaultsInput): readonly string[] {
  const { user } = input.namespaces;
  const mapped = user.kind === 'host' || user.gidMappings.some((mapping) => maps(mapping, 5));
  const options = ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'];
  return mapped ? [...options, 'gid=5'] : options;
}

const maps = ({ containerID, size }: OciIdMapping, id: number) => id >= containerID && id < containerID + size;
