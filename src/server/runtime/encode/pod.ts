import { NamespaceMode, PodSandboxState } from '../../../../api/cri/v1/api.ts';
import type { PodSandbox, PodSandboxMetadata, PodSandboxStatus } from '../../../../api/cri/v1/api.ts';
import type { PodRecord } from '../../../sandbox/pod/record.ts';
import { isReady } from '../../../sandbox/pod/state.ts';
import type { PodFacts } from '../../../sandbox/store/store.ts';
import { encodeUsers } from './users.ts';

const modes = {
  pod: NamespaceMode.POD,
  container: NamespaceMode.CONTAINER,
  node: NamespaceMode.NODE,
  none: NamespaceMode.POD,
} as const;

export function encodePodMetadata({ config }: PodRecord): PodSandboxMetadata {
  const { name, uid, namespace, attempt } = config;
  return { name, uid, namespace, attempt };
}

export function encodePodState(pod: PodFacts): PodSandboxState {
  return isReady(pod.state) ? PodSandboxState.SANDBOX_READY : PodSandboxState.SANDBOX_NOTREADY;
}

export function encodePod(pod: PodFacts): PodSandbox {
  const { id, config, createdAt, handler } = pod.record;
  return {
    id,
    metadata: encodePodMetadata(pod.record),
    state: encodePodState(pod),
    createdAt,
    labels: config.labels,
    annotations: config.annotations,
    runtimeHandler: handler,
  };
}

/** The kubelet makes a sandbox anew when `network` here differs from what it asked for. */
export function encodePodStatus(pod: PodFacts): PodSandboxStatus {
  const { config } = pod.record;
  const [ip, ...others] = isReady(pod.state) ? pod.state.ips : [];
  return {
    ...encodePod(pod),
    network: ip === undefined ? undefined : { ip, additionalIps: others.map((other) => ({ ip: other })) },
    linux: {
      namespaces: {
        options: {
          network: modes[config.network],
          pid: modes[config.pid],
          ipc: modes[config.ipc],
          targetId: '',
          usernsOptions: encodeUsers(config.users),
        },
      },
    },
  };
}
