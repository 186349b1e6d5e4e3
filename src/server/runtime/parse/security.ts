import { NamespaceMode, SecurityProfile_ProfileType, SupplementalGroupsPolicy } from '../../../../api/cri/v1/api.ts';
import type {
  LinuxContainerSecurityContext,
  NamespaceOption,
  SecurityProfile as WireProfile,
} from '../../../../api/cri/v1/api.ts';
import { fail } from '../../../base/errors.ts';
import type { AppArmorProfile, ContainerConfig, SecurityProfile } from '../../../sandbox/container/record.ts';
import type { PodConfig } from '../../../sandbox/pod/record.ts';
import { parseSelinux } from './selinux.ts';
import { checkUsers } from './user-namespace.ts';
import { member, nonEmpty, text, userNumber } from './values.ts';

type Security = Pick<
  ContainerConfig,
  | 'privileged'
  | 'capabilities'
  | 'pid'
  | 'targetId'
  | 'user'
  | 'readonlyRootfs'
  | 'noNewPrivs'
  | 'maskedPaths'
  | 'readonlyPaths'
  | 'seccomp'
  | 'apparmor'
  | 'selinux'
>;

const field = 'config.linux.security_context';
const pidModes = {
  [NamespaceMode.POD]: 'pod',
  [NamespaceMode.CONTAINER]: 'container',
  [NamespaceMode.NODE]: 'node',
  [NamespaceMode.TARGET]: 'target',
} as const;
const profileKinds = {
  [SecurityProfile_ProfileType.RuntimeDefault]: 'runtime-default',
  [SecurityProfile_ProfileType.Unconfined]: 'unconfined',
  [SecurityProfile_ProfileType.Localhost]: 'localhost',
} as const;
const merges = { [SupplementalGroupsPolicy.Merge]: true, [SupplementalGroupsPolicy.Strict]: false } as const;

/** The container's security settings with every default decided. Errors: `invalid_argument` naming the field. */
export function parseSecurity(given: LinuxContainerSecurityContext | undefined, pod: PodConfig): Security {
  const privileged = given?.privileged ?? false;
  // Deprecated, but crictl users still write them: the new fields go first.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  const { seccompProfilePath = '', apparmorProfile = '' } = given ?? {};
  if (privileged && !pod.privileged)
    throw fail('invalid_argument', `${field}.privileged: the sandbox is not privileged, so its containers cannot be`);
  checkUsers(given?.namespaceOptions?.usernsOptions, pod, `${field}.namespace_options.userns_options`);
  return {
    privileged,
    ...parsePid(given?.namespaceOptions, pod),
    capabilities: {
      add: [...(given?.capabilities?.addCapabilities ?? [])],
      drop: [...(given?.capabilities?.dropCapabilities ?? [])],
      addAmbient: [...(given?.capabilities?.addAmbientCapabilities ?? [])],
    },
    user: parseUser(given),
    readonlyRootfs: given?.readonlyRootfs ?? false,
    noNewPrivs: given?.noNewPrivs ?? false,
    maskedPaths: [...(given?.maskedPaths ?? [])],
    readonlyPaths: [...(given?.readonlyPaths ?? [])],
    seccomp: parseSeccomp(given?.seccomp, seccompProfilePath),
    apparmor: parseAppArmor(given?.apparmor, apparmorProfile),
    selinux: parseSelinux(given?.selinuxOptions, `${field}.selinux_options`),
  };
}

function parsePid(options: NamespaceOption | undefined, pod: PodConfig): Pick<Security, 'pid' | 'targetId'> {
  if (options === undefined) return { pid: pod.pid, targetId: '' };
  const pid = member(options.pid, pidModes, `${field}.namespace_options.pid`);
  const targetId = pid === 'target' ? nonEmpty(options.targetId, `${field}.namespace_options.target_id`) : '';
  return { pid, targetId };
}

function parseUser(given: LinuxContainerSecurityContext | undefined): Security['user'] {
  const uid = given?.runAsUser === undefined ? null : userNumber(given.runAsUser.value, `${field}.run_as_user`);
  const gid = given?.runAsGroup === undefined ? null : userNumber(given.runAsGroup.value, `${field}.run_as_group`);
  const username = text(given?.runAsUsername ?? '', `${field}.run_as_username`, 256);
  if (gid !== null && uid === null && username === '')
    throw fail('invalid_argument', `${field}.run_as_group is set without run_as_user or run_as_username`);
  const groups = given?.supplementalGroups ?? [];
  return {
    uid,
    gid,
    username,
    supplementalGroups: groups.map((group) => userNumber(group, `${field}.supplemental_groups`)),
    mergeImageGroups: member(
      given?.supplementalGroupsPolicy ?? SupplementalGroupsPolicy.Merge,
      merges,
      `${field}.supplemental_groups_policy`,
    ),
  };
}

/** No profile at all means the default one where AppArmor is on, but for privileged containers (kubernetes#51746). */
function parseAppArmor(given: WireProfile | undefined, deprecated: string): AppArmorProfile {
  if (given === undefined && deprecated === '') return { kind: 'unset', reference: '' };
  return parseProfile(given, deprecated, 'apparmor');
}

function parseSeccomp(given: WireProfile | undefined, deprecated: string): SecurityProfile {
  const profile = parseProfile(given, deprecated, 'seccomp');
  if (profile.kind === 'localhost' && !profile.reference.startsWith('/'))
    throw fail(
      'invalid_argument',
      `${field}: seccomp profile ${JSON.stringify(profile.reference)} must be an absolute path`,
    );
  return profile;
}

/** No seccomp profile at all means unconfined, as the kubelet and critest have it; the deprecated path counts without one. */
function parseProfile(given: WireProfile | undefined, deprecated: string, name: string): SecurityProfile {
  if (given === undefined) return parseProfilePath(deprecated, name);
  const kind = member(given.profileType, profileKinds, `${field}.${name}.profile_type`);
  if (kind !== 'localhost') return { kind, reference: '' };
  return { kind, reference: localhostName(given.localhostRef, `${field}.${name}.localhost_ref`) };
}

/** Older clients write `localhost/` in front, in the newer field too. */
const localhostName = (text: string, where: string) => nonEmpty(text.replace(/^localhost\//, ''), where);

function parseProfilePath(path: string, name: string): SecurityProfile {
  if (path === '' || path === 'unconfined') return { kind: 'unconfined', reference: '' };
  if (path === 'runtime/default' || path === 'docker/default') return { kind: 'runtime-default', reference: '' };
  if (path.startsWith('localhost/'))
    return { kind: 'localhost', reference: localhostName(path, `${field}.${name}_profile`) };
  throw fail(
    'invalid_argument',
    `${field}: ${name} profile ${JSON.stringify(path)} is none of unconfined, runtime/default, localhost/PATH`,
  );
}
