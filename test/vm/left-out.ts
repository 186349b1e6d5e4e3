interface LeftOut {
  /** A glob of test files. */
  readonly files: string;
  readonly reason: string;
}

const registries = 'registries and the store ask of the kernel what layers do in the files that do run; takes minutes';
const protocols = 'protocols and megabytes of them; test/integration/streams runs, and critest over both protocols';
const storms = 'starts a daemon, or makes hundreds of containers, again and again: an hour in emulation';

/** What the lanes in emulated machines do not run of test/integration. All else they do. */
export const leftOut: readonly LeftOut[] = [
  {
    files: 'test/integration/images/{builders,crash,credentials,examine,names,proxy,pull}.test.ts',
    reason: registries,
  },
  { files: 'test/integration/images/{strangers,troubles,verification}.test.ts', reason: registries },
  { files: 'test/integration/streaming/*.test.ts', reason: protocols },
  { files: 'test/integration/telemetry/*.test.ts', reason: 'holds rules against a Prometheus, and no kernel' },
  { files: 'test/integration/sandbox/{contention,crowd,retries}.test.ts', reason: storms },
  { files: 'test/integration/recovery/{kill,storm}.test.ts', reason: storms },
  { files: 'test/integration/{cni/kill,network/leases}.test.ts', reason: storms },
  {
    files: 'test/integration/cni/{config,trouble}.test.ts',
    reason: 'reads configurations and runs plugins, by the dozen',
  },
  {
    files: 'test/integration/{sandbox,cni}/full-disk.test.ts',
    reason:
      'fills a disk at every write: minutes in emulation, where the ten seconds of an undo are too few for CNI plugins',
  },
];
