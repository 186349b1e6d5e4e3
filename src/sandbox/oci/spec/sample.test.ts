import { expect } from 'chai';
import { capabilityNames } from '../../../linux/capabilities.ts';
import { readSeccompFacts } from '../../../linux/seccomp.ts';
import { buildSpec } from './spec.ts';
import { encodeSpec } from './encode.ts';
import type { BindMount, DeviceNode, SpecInput } from './input.ts';

const own = { kind: 'new' } as const;
const ofHost = { kind: 'host' } as const;

/** A container that asks for nothing, on a cgroup v1 host without CAP_SYS_RESOURCE; the changes over it. */
export function sampleInput(changes: Partial<SpecInput> = {}): SpecInput {
  return {
    id: 'abc',
    hostname: 'web-0',
    cgroupsPath: '/kubepods/pod1/abc',
    rootfs: { path: '/rootfs', readonly: false },
    args: ['/bin/true'],
    imageEnv: [],
    env: [],
    cwd: '',
    user: { uid: 0, gid: 0, additionalGids: [] },
    terminal: false,
    mounts: [],
    podMounts: [],
    devices: [],
    hostDevices: [],
    privileged: false,
    capabilities: { add: [], drop: [], addAmbient: [] },
    seccomp: { kind: 'unconfined' },
    apparmorProfile: '',
    selinux: { processLabel: '', mountLabel: '' },
    noNewPrivileges: false,
    maskedPaths: [],
    readonlyPaths: [],
    namespaces: { net: own, ipc: own, uts: own, pid: own, cgroup: ofHost, user: ofHost },
    resources: {},
    blockIo: {},
    oomScoreAdj: 0,
    rlimits: [],
    annotations: {},
    host: {
      cgroupVersion: 1,
      swapAccounting: true,
      capabilities: {
        known: capabilityNames,
        grantable: capabilityNames.filter((name) => name !== 'CAP_SYS_RESOURCE'),
      },
      seccomp: readSeccompFacts(),
    },
    ...changes,
  };
}

export function sampleMount(changes: Partial<BindMount>): BindMount {
  return {
    hostPath: '/srv',
    containerPath: '/data',
    readonly: false,
    recursiveReadonly: false,
    propagation: 'private',
    options: [],
    uidMappings: [],
    gidMappings: [],
    ...changes,
  };
}

export const fuse: DeviceNode = {
  containerPath: '/dev/fuse',
  type: 'c',
  major: 10,
  minor: 229,
  fileMode: 0o666,
  uid: 0,
  gid: 0,
  permissions: 'rw',
};

describe('config.json of a container that asks for nothing', () => {
  const spec = buildSpec(sampleInput());

  it('names the oldest version that knows all of it', () => {
    expect(spec.ociVersion).to.equal('1.0.2');
  });

  it('starts in / with the defaults of the field', () => {
    expect(spec.process.cwd).to.equal('/');
    expect(spec.process.user).to.deep.equal({ uid: 0, gid: 0, umask: 0o022, additionalGids: [0] });
    expect(spec.process.noNewPrivileges).to.equal(false);
    expect(spec.process.capabilities.bounding).to.have.length(14);
  });

  it('leaves out what was not given', () => {
    const linux = (JSON.parse(encodeSpec(spec)) as { linux: { resources: object } }).linux;
    expect(linux).to.not.have.any.keys('seccomp', 'rootfsPropagation', 'uidMappings', 'mountLabel');
    expect(linux.resources).to.deep.include({ cpu: {}, memory: {} }).and.not.have.any.keys('pids', 'unified');
  });
});
