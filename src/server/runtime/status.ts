import type { RuntimeHandler, StatusRequest, StatusResponse } from '../../../api/cri/v1/api.ts';
import { mountsRecursivelyReadonly } from '../../sandbox/oci/features.ts';
import type { Parts } from '../../sandbox/parts.ts';
import type { Unary } from '../grpc/handlers.ts';

export type StatusParts = Pick<
  Parts,
  | 'apparmor'
  | 'cdiWatch'
  | 'cgroups'
  | 'features'
  | 'host'
  | 'network'
  | 'runtimes'
  | 'selinux'
  | 'settings'
  | 'store'
  | 'userNamespaces'
>;

/** The handler `""` is the default one; features are told only where they are kept. */
export function status(parts: StatusParts): Unary<StatusRequest, StatusResponse> {
  return async ({ verbose }) => {
    const network = parts.network.ready();
    return {
      status: {
        conditions: [
          { type: 'RuntimeReady', status: true, reason: '', message: '' },
          {
            type: 'NetworkReady',
            status: network.ready,
            reason: network.ready ? '' : network.reason,
            message: network.ready ? '' : network.message,
          },
        ],
      },
      info: verbose ? statusInfo(parts) : {},
      runtimeHandlers: await handlersOf(parts),
      features: {
        supplementalGroupsPolicy: true,
        userNamespacesHostNetwork: (await parts.userNamespaces.hostWhyNot()) === '',
        mountOptions: true,
      },
    };
  };
}

async function handlersOf(parts: StatusParts): Promise<RuntimeHandler[]> {
  const { features, host, runtimes, settings, userNamespaces: users } = parts;
  const handlers = await Promise.all(
    [...runtimes.values()].map(async (runtime) => {
      const able = await features.of(runtime);
      const recursiveReadOnlyMounts = mountsRecursivelyReadonly(able, host.seccomp.kernel);
      const userNamespaces = (await users.whyNot(runtime)) === '';
      return { name: runtime.name, features: { recursiveReadOnlyMounts, userNamespaces } };
    }),
  );
  const byDefault = handlers.filter(({ name }) => name === settings.defaultRuntime);
  return [...byDefault.map((handler) => ({ ...handler, name: '' })), ...handlers];
}

function statusInfo(parts: StatusParts): Record<string, string> {
  const { apparmor, cdiWatch, cgroups, host, network, runtimes, selinux, settings, store } = parts;
  const config = { settings, runtimes: [...runtimes.values()] };
  return {
    config: JSON.stringify(config, asText),
    cgroups: JSON.stringify({ version: cgroups.version, driver: cgroups.driver }),
    host: JSON.stringify(host),
    cdi: JSON.stringify(cdiWatch.summary()),
    security: JSON.stringify({ apparmor: apparmor.summary(), selinux: { enabled: selinux !== undefined, ...selinux } }),
    network: JSON.stringify(network.summary()),
    objects: JSON.stringify({
      pods: store.pods.size,
      containers: store.containers.size,
      unreadable: [...store.unreadable.values()].map(({ kind, id, reason }) => ({ kind, id, reason })),
    }),
  };
}

const asText = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value);
