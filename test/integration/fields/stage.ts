import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Capability,
  DNSConfig,
  MountPropagation,
  NamespaceMode,
  NamespaceOption,
  PortMapping,
  SecurityProfile,
  SecurityProfile_ProfileType,
  Signal,
  SupplementalGroupsPolicy,
} from '../../../api/cri/v1/api.ts';
import type { ContainerConfig, PodSandboxConfig } from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import { containerConfig, imageSpec, podConfig } from '../../../hack/lib/cri-messages.ts';
import { childOf } from '../../../src/cgroups/drivers/systemd.ts';
import { demoReference } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { initPid } from '../sandbox/lab.ts';
import type { Info, Stage } from './fields.ts';

const ofPod = filled(NamespaceOption, { pid: NamespaceMode.POD });
export const hostPort = 31_977;

/** Of the pod on the stage, as the driver in use spells it. */
export const walkGroup = ({ cgroup }: Cricket) => childOf(cgroup, 'walk');

/** TOML of the daemon for what is set below. */
export const settings = (dir: string) => `cdi.spec_dirs = ["${join(dir, 'cdi')}"]`;

function fullPod(cricket: Cricket): PodSandboxConfig {
  const logDirectory = join(cricket.logs, 'walk');
  mkdirSync(logDirectory, { recursive: true });
  const ports = [filled(PortMapping, { protocol: 0, containerPort: 8080, hostPort, hostIp: '127.0.0.1' })];
  return podConfig({
    ...{
      name: 'walker',
      uid: 'u-walk',
      namespace: 'ns-walk',
      attempt: 3,
      hostname: 'walker-host',
      logDirectory,
      ports,
    },
    dns: filled(DNSConfig, { servers: ['192.0.2.53'], searches: ['walk.test'], options: ['ndots:3'] }),
    ...{ labels: { l: 'label' }, annotations: { a: 'annotation' }, namespaces: ofPod },
    ...{ cgroupParent: walkGroup(cricket), sysctls: { 'net.ipv4.ip_unprivileged_port_start': '77' } },
  });
}

function fullContainer(dir: string): ContainerConfig {
  for (const name of ['m', 'slave', 'cdi']) mkdirSync(join(dir, name));
  // The host's own mounts need not be shared; a slave of this one has a master to show.
  execFileSync('mount', ['-t', 'tmpfs', 'walk', join(dir, 'slave')]);
  execFileSync('mount', ['--make-shared', join(dir, 'slave')]);
  writeFileSync(join(dir, 'm/file'), 'mounted');
  const containerEdits = { env: ['OF_CDI=yes'] };
  const spec = { cdiVersion: '0.6.0', kind: 'walk.test/dev', devices: [{ name: 'a', containerEdits }] };
  writeFileSync(join(dir, 'cdi/a.json'), JSON.stringify(spec));
  const image = { annotations: { of: 'volume' }, userSpecifiedImage: 'as-written', runtimeHandler: 'crun' };
  const given = containerConfig({
    ...{ name: 'walk', attempt: 2, image: demoReference, command: ['sh'], workingDir: '/etc', env: { WALK: 'value' } },
    args: ['-c', 'trap "exit 0" USR1; echo started; while :; do sleep 3600 & wait; done', 'argument'],
    mounts: [
      { containerPath: '/m', hostPath: join(dir, 'm'), readonly: true, recursiveReadOnly: true },
      {
        ...{ containerPath: '/slave', hostPath: join(dir, 'slave'), mountOptions: ['noexec'] },
        propagation: MountPropagation.PROPAGATION_HOST_TO_CONTAINER,
      },
      { containerPath: '/image', image: { ...imageSpec(demoReference), ...image }, imageSubPath: 'etc' },
    ],
    devices: [{ containerPath: '/dev/walk', hostPath: '/dev/kmsg', permissions: 'r' }],
    ...{ labels: { l: 'label' }, annotations: { a: 'annotation' }, logPath: 'walk.log', stdin: true, stdinOnce: true },
    ...{ cdiDevices: ['walk.test/dev=a'], stopSignal: Signal.SIGNAL_SIGUSR1 },
    security: {
      capabilities: filled(Capability, {
        addCapabilities: ['NET_ADMIN'],
        dropCapabilities: ['CHOWN'],
        addAmbientCapabilities: ['NET_BIND_SERVICE'],
      }),
      ...{ namespaceOptions: ofPod, runAsUser: { value: 1234n }, runAsGroup: { value: 2345n } },
      ...{ supplementalGroups: [3456n], supplementalGroupsPolicy: SupplementalGroupsPolicy.Strict },
      ...{ readonlyRootfs: true, noNewPrivs: true, maskedPaths: ['/proc/cpuinfo'], readonlyPaths: ['/proc/sys'] },
      seccomp: filled(SecurityProfile, { profileType: SecurityProfile_ProfileType.RuntimeDefault }),
    },
  });
  const shown = { annotations: { of: 'image' }, userSpecifiedImage: 'as-written', runtimeHandler: 'crun' };
  return { ...given, image: { ...imageSpec(demoReference), ...shown } };
}

const asText = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);

export async function setStage(cricket: Cricket, dir: string): Promise<Stage> {
  const { runtime } = cricket.client;
  const sandboxConfig = fullPod(cricket);
  const { podSandboxId } = await runtime.runPodSandbox({ config: sandboxConfig });
  const config = fullContainer(dir);
  const { containerId } = await runtime.createContainer({ podSandboxId, config, sandboxConfig });
  await runtime.startContainer({ containerId });
  const pod = { id: podSandboxId, config: sandboxConfig };
  const container = { id: containerId, pod, config, logPath: join(sandboxConfig.logDirectory, config.logPath) };
  const info = ({ status, info: texts }: { status: object | undefined; info: Record<string, string> }): Info => ({
    ...(JSON.parse(texts['info'] ?? '') as Omit<Info, 'status'>),
    status: JSON.parse(JSON.stringify(status, asText)) as Info['status'],
  });
  return {
    ...{ cricket, dir, pod, container, pid: await initPid(cricket, container) },
    podInfo: info(await runtime.podSandboxStatus({ podSandboxId, verbose: true })),
    containerInfo: info(await runtime.containerStatus({ containerId, verbose: true })),
  };
}
