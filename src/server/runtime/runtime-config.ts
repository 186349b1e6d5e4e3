import { CgroupDriver } from '../../../api/cri/v1/api.ts';
import type { RuntimeConfigRequest, RuntimeConfigResponse } from '../../../api/cri/v1/api.ts';
import type { Cgroups } from '../../cgroups/cgroups.ts';
import type { Unary } from '../grpc/handlers.ts';

const drivers = { cgroupfs: CgroupDriver.CGROUPFS, systemd: CgroupDriver.SYSTEMD } as const;

/** The kubelet takes its cgroup driver from here. */
export function runtimeConfig(cgroups: Cgroups): Unary<RuntimeConfigRequest, RuntimeConfigResponse> {
  return async () => ({ linux: { cgroupDriver: drivers[cgroups.driver] } });
}
