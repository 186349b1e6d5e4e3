import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import {
  LinuxPodSandboxConfig,
  LinuxSandboxSecurityContext,
  NamespaceMode,
  NamespaceOption,
  SELinuxOption,
  WindowsPodSandboxConfig,
} from '../../../api/cri/v1/api.ts';
import type { PodSandboxConfig } from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import { createContainer, podWith, runContainer, runPod } from '../../fixtures/pods.ts';
import { users } from '../userns/lab.ts';
import { execIn, fails, namespaceOf, procStatus, sh } from '../sandbox/lab.ts';
import { honoured, noProcess, notForLinux, refused } from './fields.ts';
import type { Fates, Stage } from './fields.ts';
import { hostPort, walkGroup } from './stage.ts';

let names = 0;
const plain = ({ cricket }: Stage) => podWith(cricket, { name: `pod${names++}` });
const refusedPod = async (
  stage: Stage,
  change: Partial<PodSandboxConfig>,
  code: Parameters<typeof fails>[1],
  said: string,
) => fails(stage.cricket.client.runtime.runPodSandbox({ config: { ...plain(stage), ...change } }), code, said);
const secured = (given: Partial<LinuxSandboxSecurityContext>) => ({
  linux: filled(LinuxPodSandboxConfig, { securityContext: filled(LinuxSandboxSecurityContext, given) }),
});

const status = (pick: (status: Readonly<Record<string, unknown>>) => unknown, expected: unknown) =>
  honoured(({ podInfo }) => expect(pick(podInfo.status)).to.deep.equal(expected));
const metadata = (name: string, expected: unknown) =>
  status((told) => (told['metadata'] as Record<string, unknown>)[name], expected);
const line = (file: string, text: string) =>
  honoured(async ({ cricket, container }) =>
    expect((await sh(cricket, container, `cat ${file}`)).split('\n')).to.include(text),
  );

/** Host port to the container's port, over loopback alone. */
const port = honoured(async ({ cricket, container }) => {
  const serve = execIn(cricket, container, ['sh', '-c', 'echo served | nc -l -p 8080 -w 10'], 15);
  const heard = await new Promise<string>((resolve, reject) => {
    const attempt = (left: number) => {
      let text = '';
      const socket = connect(hostPort, '127.0.0.1', () => socket.setTimeout(10_000, () => socket.destroy()));
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        socket.end();
      });
      socket.on('error', (error) => (left > 0 ? setTimeout(() => attempt(left - 1), 100) : reject(error)));
      socket.on('close', (failed) => failed || resolve(text));
    };
    attempt(50);
  });
  expect(heard).to.equal('served\n');
  await serve;
});

const option = 'PodSandboxConfig.linux.security_context.namespace_options';
const security = 'PodSandboxConfig.linux.security_context';

/** A pod of its own for users; where the host cannot, the refusal. */
const mapped = honoured(async ({ cricket }) => {
  const { runtimeHandlers } = await cricket.client.runtime.status({});
  const wish = { name: `users${names++}`, namespaces: users(200_000 + names * 65_536) };
  if (runtimeHandlers[0]?.features?.userNamespaces !== true) {
    await fails(runPod(cricket, wish), 'FAILED_PRECONDITION', 'user namespace');
    return;
  }
  const hostId = wish.namespaces.usernsOptions?.uids[0]?.hostId ?? 0;
  const security = { namespaceOptions: filled(NamespaceOption, { pid: NamespaceMode.CONTAINER, ...users(hostId) }) };
  const container = await runContainer(cricket, await runPod(cricket, wish), { name: 'c', security });
  for (const map of ['uid_map', 'gid_map'])
    expect((await sh(cricket, container, `cat /proc/self/${map}`)).split(/\s+/).filter(Boolean)).to.deep.equal([
      ...['0', String(hostId), '65536'],
    ]);
});

/** The init of a shared PID namespace is the one process that a sandbox has: it may do nothing, whatever is asked. */
const confined = noProcess(({ podInfo: { pid } }) => {
  expect(procStatus(pid, 'Uid').split(/\s+/)[0]).to.equal('65534');
  expect(procStatus(pid, 'Gid').split(/\s+/)[0]).to.equal('65534');
  expect([procStatus(pid, 'NoNewPrivs'), procStatus(pid, 'Seccomp')]).to.deep.equal(['1', '2']);
  expect(BigInt(`0x${procStatus(pid, 'CapBnd')}`)).to.equal(0n);
});
const selinux = (part: 'user' | 'role' | 'type' | 'level') =>
  refused(async (stage) => {
    const selinuxOptions = filled(SELinuxOption, { [part]: 'no part' });
    await refusedPod(stage, secured({ selinuxOptions }), 'INVALID_ARGUMENT', `selinux_options.${part}`);
  });
const windows = notForLinux(async (stage) =>
  refusedPod(stage, { windows: filled(WindowsPodSandboxConfig, {}) }, 'UNIMPLEMENTED', 'config.windows'),
);

export const podFields: Fates = {
  'PodSandboxConfig.metadata.name': metadata('name', 'walker'),
  'PodSandboxConfig.metadata.uid': metadata('uid', 'u-walk'),
  'PodSandboxConfig.metadata.namespace': metadata('namespace', 'ns-walk'),
  'PodSandboxConfig.metadata.attempt': metadata('attempt', 3),
  'PodSandboxConfig.hostname': line('/proc/sys/kernel/hostname', 'walker-host'),
  'PodSandboxConfig.log_directory': honoured(({ container }) =>
    expect(readFileSync(container.logPath, 'utf8')).to.contain('started'),
  ),
  'PodSandboxConfig.dns_config.servers': line('/etc/resolv.conf', 'nameserver 192.0.2.53'),
  'PodSandboxConfig.dns_config.searches': line('/etc/resolv.conf', 'search walk.test'),
  'PodSandboxConfig.dns_config.options': line('/etc/resolv.conf', 'options ndots:3'),
  ...Object.fromEntries(
    ['protocol', 'container_port', 'host_port', 'host_ip'].map((name) => [
      `PodSandboxConfig.port_mappings.${name}`,
      port,
    ]),
  ),
  'PodSandboxConfig.labels': status(({ labels }) => labels, { l: 'label' }),
  'PodSandboxConfig.annotations': status(({ annotations }) => annotations, { a: 'annotation' }),
  'PodSandboxConfig.linux.cgroup_parent': honoured(({ cricket, pid }) =>
    expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).to.contain(`${walkGroup(cricket)}/`),
  ),
  [`${option}.network`]: honoured(({ pid }) => expect(namespaceOf('net', pid)).to.not.equal(namespaceOf('net'))),
  [`${option}.ipc`]: honoured(({ pid }) => expect(namespaceOf('ipc', pid)).to.not.equal(namespaceOf('ipc'))),
  [`${option}.pid`]: honoured(({ pid, podInfo }) =>
    expect(namespaceOf('pid', pid)).to.equal(namespaceOf('pid', podInfo.pid)),
  ),
  [`${option}.target_id`]: refused(async (stage) => {
    const namespaceOptions = filled(NamespaceOption, { pid: NamespaceMode.TARGET, targetId: 'x' });
    await refusedPod(stage, secured({ namespaceOptions }), 'INVALID_ARGUMENT', 'namespace_options.pid');
  }),
  ...Object.fromEntries(
    [
      'mode',
      ...['uids', 'gids'].flatMap((map) => ['host_id', 'container_id', 'length'].map((name) => `${map}.${name}`)),
    ].map((name) => [`${option}.userns_options.${name}`, mapped]),
  ),
  ...Object.fromEntries(
    (['user', 'role', 'type', 'level'] as const).map((part) => [`${security}.selinux_options.${part}`, selinux(part)]),
  ),
  [`${security}.run_as_user.value`]: confined,
  [`${security}.run_as_group.value`]: refused(async (stage) =>
    refusedPod(
      stage,
      secured({ runAsGroup: { value: 1n } }),
      'INVALID_ARGUMENT',
      'run_as_group is set without run_as_user',
    ),
  ),
  [`${security}.readonly_rootfs`]: confined,
  [`${security}.supplemental_groups`]: confined,
  [`${security}.supplemental_groups_policy`]: confined,
  [`${security}.privileged`]: honoured(async ({ cricket, pod }) =>
    fails(
      createContainer(cricket, pod, { name: 'p', security: { privileged: true } }),
      'INVALID_ARGUMENT',
      'not privileged',
    ),
  ),
  ...Object.fromEntries(
    ['seccomp', 'apparmor'].flatMap((name) =>
      ['profile_type', 'localhost_ref'].map((part) => [`${security}.${name}.${part}`, confined]),
    ),
  ),
  [`${security}.seccomp_profile_path`]: confined,
  'PodSandboxConfig.linux.sysctls': line('/proc/sys/net/ipv4/ip_unprivileged_port_start', '77'),
  ...Object.fromEntries(
    ['run_as_username', 'credential_spec', 'host_process', 'namespace_options.network'].map((name) => [
      `PodSandboxConfig.windows.security_context.${name}`,
      windows,
    ]),
  ),
};
