import { globSync } from 'node:fs';
import { matchesGlob } from 'node:path';
import { leftOut } from '../../../test/vm/left-out.ts';

/** An emulated machine of hack/vm. */
export interface Machine {
  readonly kernel: '6.12' | '6.1';
  /** systemd as its first process. */
  readonly systemd: boolean;
  /** cgroup v1 as systemd mounts it, with v2 beside it; else v2 and nothing else. */
  readonly hybrid?: boolean;
  /** Its file resets it, and goes on in a second boot (CRICKET_TEST_BOOT) on the same /scratch. */
  readonly resets?: boolean;
}

export interface Lane {
  readonly name: string;
  readonly files: readonly string[];
  /** All files in one process. Otherwise each has one of its own, and what it leaves behind is told of it alone. */
  readonly together: boolean;
  /** Only with --all or by name: it takes long, or much of the machine. */
  readonly onRequest: boolean;
  /** Only by name: it takes an hour and more. */
  readonly onlyByName?: boolean;
  /** The most that one file may take; absent: half an hour. */
  readonly minutes?: number;
  /** Absent: it runs on this machine. */
  readonly machine?: Machine;
  /** What runs containers: Debian 12's own crun, unless said otherwise. */
  readonly runtime?: 'newer crun' | 'runc';
  /** Who makes cgroups, where it is not what the daemon detects. */
  readonly driver?: 'systemd';
  /** What its tests drive and hack/lab/go-tools builds: here, as what a machine builds is lost with it. */
  readonly tools?: readonly string[];
  /** Versions of the Debian package that its tests install. */
  readonly packages?: readonly string[];
}

interface Definition extends Partial<Omit<Lane, 'name' | 'files'>> {
  readonly name: string;
  readonly globs: readonly string[];
  readonly except?: readonly string[];
  /** What --all runs of it, where that is not the whole; nothing, where another lane has all of it. */
  readonly inAll?: readonly string[];
  /** What --all leaves out of it: other lanes of the same run hold that too. */
  readonly notInAll?: readonly string[];
}

const critest = 'test/conformance/critest.test.ts';
const smoke = 'test/vm/critest-smoke.test.ts';
const service = 'test/vm/service.test.ts';
const driver = 'test/vm/driver.test.ts';
const debian = ['test/vm/package.test.ts', 'test/vm/guides.test.ts'];
const integration = 'test/integration/**/*.test.ts';
/** What differs with the kernel and the version and keeper of its cgroups. */
const kernelDependent = [
  'test/integration/{cgroups,stats,events}/*.test.ts',
  'test/integration/sandbox/{blockio,container-limits,container-end,pod-config,pod-resources,removal,exec,stats}.test.ts',
  'test/integration/linux/{overlay,idmapped-mount}.test.ts',
];
/** What is the same on any kernel and cgroup version: the lane `integration` has it. */
const anyKernel = [
  'test/integration/{server,streams}/*.test.ts',
  'test/integration/images/{hostile-bytes,hosts,import,references,silence,sparse,tokens}.test.ts',
  'test/integration/linux/{dbus,tar}.test.ts',
  'test/integration/recovery/{unreadable,upgrade}.test.ts',
  'test/integration/sandbox/{bad-requests,cdi-files,container-list,container-log,hooks,log-rotation,pod-files}.test.ts',
];
const imageVolumes = 'test/integration/sandbox/image-volumes.test.ts';
/** All that a pod can say. */
const said = ['test/integration/{fields,pods,security}/*.test.ts', imageVolumes];
/** Of that, what a smoke looks at: what mounts, limits and ends ask of a kernel and of systemd. */
const kernelSmoke = [
  'test/integration/sandbox/container-{limits,end}.test.ts',
  'test/integration/linux/{overlay,idmapped-mount}.test.ts',
  imageVolumes,
];
/** Every end for want of memory, by the hundred. */
const ends = 'test/long/oom-ends.test.ts';
/** What its freezer does. */
const pause = 'test/e2e/pause.test.ts';
/** What a kubelet meets there that it does not on cgroup v1, and what differs by who keeps the cgroups. */
const kubeletGroups = ['test/vm/kubelet-swap.test.ts', 'test/kubelet/{resize,ends,restarts}.test.ts'];
const kubeletKernel = ['test/kubelet/{stats,user-namespaces}.test.ts'];
const notInMachine = leftOut.map(({ files }) => files);
const v2 = { kernel: '6.12', systemd: false } as const;
const v2Systemd = { kernel: '6.12', systemd: true } as const;
const withKubelet = { tools: ['kubelet'], runtime: 'newer crun', onRequest: true } as const;
const newer = { runtime: 'newer crun', onRequest: true } as const;

const definitions: readonly Definition[] = [
  { name: 'unit', globs: ['{src,api,metrics,hack}/**/*.test.ts', 'test/*.test.ts'], together: true },
  { name: 'fixtures', globs: ['test/{fixtures,leftovers}/**/*.test.ts'] },
  { name: 'integration', globs: [integration] },
  { name: 'e2e', globs: ['test/e2e/**/*.test.ts'] },
  { name: 'conformance', globs: ['test/conformance/**/*.test.ts'] },
  // The lane v2 has every spec.
  { name: 'v2-smoke', globs: [smoke], inAll: [], machine: v2, runtime: 'newer crun' },
  { name: 'long', globs: ['test/long/**/*.test.ts'], onRequest: true },
  { name: 'soak', globs: ['test/soak/**/*.test.ts'], onlyByName: true, minutes: 180 },
  { name: 'kubelet', globs: ['test/kubelet/**/*.test.ts'], onRequest: true },
  { name: 'kubelet-v2', globs: [...kubeletGroups, ...kubeletKernel], machine: v2, ...withKubelet },
  { name: 'kubelet-v2-systemd', globs: kubeletGroups, machine: v2Systemd, driver: 'systemd', ...withKubelet },
  {
    name: 'kubelet-reset',
    globs: ['test/vm/kubelet-reset.test.ts'],
    machine: { ...v2Systemd, resets: true },
    driver: 'systemd',
    ...withKubelet,
  },
  { name: 'crun', globs: [critest, ...said], ...newer },
  { name: 'runc', globs: [critest, ...said], runtime: 'runc', onRequest: true },
  {
    name: 'v2',
    globs: [integration, ends, pause, critest],
    except: notInMachine,
    notInAll: anyKernel,
    machine: v2,
    ...newer,
  },
  {
    name: 'v2-systemd',
    globs: [service, driver, ...kernelDependent, ...said, 'test/integration/recovery/*.test.ts', ends, pause, critest],
    except: notInMachine,
    notInAll: anyKernel,
    machine: v2Systemd,
    driver: 'systemd',
    ...newer,
  },
  { name: 'package', globs: debian, machine: v2Systemd, packages: ['0.1.0', '0.1.1'], onRequest: true },
  // Debian 12's own kernel and crun.
  {
    name: 'v2-6.1',
    globs: [service, driver, ...kernelDependent, imageVolumes, smoke],
    inAll: [service, driver, ...kernelSmoke, smoke],
    except: notInMachine,
    machine: { kernel: '6.1', systemd: true },
    onRequest: true,
  },
  {
    name: 'v1-systemd',
    globs: [
      'test/integration/cgroups/*.test.ts',
      'test/integration/sandbox/container-{limits,end}.test.ts',
      imageVolumes,
      smoke,
    ],
    except: notInMachine,
    machine: { kernel: '6.1', systemd: true, hybrid: true },
    driver: 'systemd',
    onRequest: true,
  },
];

export const laneNames: readonly string[] = definitions.map(({ name }) => name);

export interface Choice {
  readonly all: boolean;
  /** Empty: all that are not on request. */
  readonly lanes: readonly string[];
  /** Globs, one of which a path of a test file must match; empty: all do. */
  readonly only: readonly string[];
}

/** The lanes to run, in order, with their files; those without a file are left out. */
export function chooseLanes({ all, lanes: named, only }: Choice, root: string): Lane[] {
  const lanes = definitions.map(({ together = false, onRequest = false, ...rest }) => ({
    ...rest,
    together,
    onRequest,
  }));
  const unnamed = ({ onRequest, onlyByName = false }: Omit<Lane, 'files'>) => !onlyByName && (all || !onRequest);
  const wanted = lanes.filter((lane) => (named.length > 0 ? named.includes(lane.name) : unnamed(lane)));
  const isWhole = named.length > 0 || !all;
  return wanted
    .map(({ globs, except = [], inAll = globs, notInAll = [], ...lane }) => {
      const matches = (isWhole ? globs : inAll).flatMap((glob) => globSync(glob, { cwd: root }).sort());
      const without = isWhole ? except : [...except, ...notInAll];
      const files = [...new Set(matches)].filter((file) => !without.some((glob) => matchesGlob(file, glob)));
      return {
        ...lane,
        files: files.filter((file) => only.length === 0 || only.some((glob) => matchesGlob(file, glob))),
      };
    })
    .filter(({ files }) => files.length > 0);
}
