import { expect } from 'chai';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  NamespaceMode,
  NamespaceOption,
  SELinuxOption,
  SecurityProfile,
  SecurityProfile_ProfileType,
  WindowsContainerConfig,
} from '../../../api/cri/v1/api.ts';
import type { ContainerConfig, LinuxContainerSecurityContext } from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import { appArmorIsOn } from '../../../src/linux/apparmor.ts';
import { containerWith, createContainer, runContainer, runPod } from '../../fixtures/pods.ts';
import { range, users } from '../userns/lab.ts';
import { execIn, fails, procStatus, sh } from '../sandbox/lab.ts';
import { honoured, notForLinux, refused } from './fields.ts';
import type { Fates, Stage } from './fields.ts';

let names = 0;
export const name = () => `c${names++}`;
export const refusedContainer = async (
  { cricket, pod }: Stage,
  change: Partial<ContainerConfig>,
  code: Parameters<typeof fails>[1],
  said: RegExp | string,
) => {
  const config = { ...containerWith({ name: name() }), ...change };
  return fails(
    cricket.client.runtime.createContainer({ podSandboxId: pod.id, config, sandboxConfig: pod.config }),
    code,
    said,
  );
};
export const refusedSecurity = async (
  { cricket, pod }: Stage,
  security: Partial<LinuxContainerSecurityContext>,
  code: Parameters<typeof fails>[1],
  said: RegExp | string,
) => fails(createContainer(cricket, pod, { name: name(), security }), code, said);

export type Shown = Readonly<Record<string, unknown>>;
export const status = (pick: (status: Shown) => unknown, expected: unknown) =>
  honoured(({ containerInfo }) => expect(pick(containerInfo.status)).to.deep.equal(expected));
export const inner = (key: string, part: string) => (shown: Shown) => (shown[key] as Shown)[part];
export const mount = (index: number, part: string) => (shown: Shown) => (shown['mounts'] as Shown[])[index]?.[part];
/** The script says this in the container. */
export const says = (script: string, expected: string) =>
  honoured(async ({ cricket, container }) => expect(await sh(cricket, container, script)).to.equal(expected));
export const proc = (key: string, expected: string | RegExp) =>
  honoured(({ pid }) => expect(procStatus(pid, key)).to.match(new RegExp(expected)));
export const options = (place: string, pattern: RegExp) =>
  honoured(({ pid }) => {
    const lines = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n');
    expect(lines.find((line) => line.includes(` ${place} `))).to.match(pattern);
  });

export const mapped = honoured(async ({ cricket, dir }) => {
  const { runtimeHandlers } = await cricket.client.runtime.status({});
  const first = 1_000_000 + names++ * 65_536;
  if (runtimeHandlers[0]?.features?.userNamespaces !== true) {
    await fails(runPod(cricket, { name: name(), namespaces: users(first) }), 'FAILED_PRECONDITION', 'user namespace');
    return;
  }
  const hostPath = join(dir, `mapped-${first}`);
  mkdirSync(hostPath);
  const pod = await runPod(cricket, { name: name(), namespaces: users(first) });
  const security = { namespaceOptions: filled(NamespaceOption, { pid: NamespaceMode.CONTAINER, ...users(first) }) };
  const mounts = [{ containerPath: '/m', hostPath, uidMappings: [range(first)], gidMappings: [range(first)] }];
  const container = await runContainer(cricket, pod, { name: 'c', security, mounts });
  expect(
    await sh(cricket, container, 'stat -c "%u %g" /m; cat /proc/self/uid_map /proc/self/gid_map | tr -s " "'),
  ).to.equal(`0 0\n 0 ${first} 65536\n 0 ${first} 65536`);
});
/** A profile of the node, by both fields: not loaded where AppArmor is on, refused as such where it is off. */
export const apparmor = honoured(async (stage) => {
  const profile = { profileType: SecurityProfile_ProfileType.Localhost, localhostRef: 'no-such' };
  const said = appArmorIsOn() ? 'not loaded' : 'AppArmor is off';
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- older clients still write it
  const older: Partial<LinuxContainerSecurityContext> = { ['apparmorProfile']: 'localhost/no-such' };
  for (const security of [{ apparmor: filled(SecurityProfile, profile) }, older])
    await refusedSecurity(stage, security, 'FAILED_PRECONDITION', said);
});
export const localSeccomp = (security: (path: string) => Partial<LinuxContainerSecurityContext>) =>
  honoured(async ({ cricket, pod, dir }) => {
    const path = join(dir, `seccomp-${names}.json`);
    const syscalls = [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }];
    writeFileSync(path, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }));
    const container = await runContainer(cricket, pod, { name: name(), security: security(path) });
    expect((await execIn(cricket, container, ['mkdir', '/x'])).stderr).to.match(/not permitted/);
  });
export const selinux = (part: 'user' | 'role' | 'type' | 'level') =>
  refused(async (stage) => {
    const selinuxOptions = filled(SELinuxOption, { [part]: 'no part' });
    await refusedSecurity(stage, { selinuxOptions }, 'INVALID_ARGUMENT', `selinux_options.${part}`);
  });
export const windows = notForLinux(async (stage) =>
  refusedContainer(stage, { windows: filled(WindowsContainerConfig, {}) }, 'UNIMPLEMENTED', 'config.windows'),
);
export const beneath = (path: string, parts: readonly string[], fate: Fates[string]): Fates =>
  Object.fromEntries(parts.map((part) => [`${path}.${part}`, fate]));

export const security = 'ContainerConfig.linux.security_context';
export const option = `${security}.namespace_options`;
export const image = 'ContainerConfig.mounts.image';
export const mappings = ['host_id', 'container_id', 'length'];

export const capability = (set: string, bit: bigint, has: boolean) =>
  honoured(({ pid }) => expect(((BigInt(`0x${procStatus(pid, set)}`) >> bit) & 1n) === 1n).to.equal(has));
