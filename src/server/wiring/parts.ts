import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Flights } from '../../base/flights.ts';
import { KeyedLocks } from '../../base/locks.ts';
import { openImages } from '../../image/service.ts';
import { openDiskPool } from '../../linux/disk.ts';
import { readBootId } from '../../linux/host.ts';
import { readContainerContexts } from '../../linux/selinux.ts';
import { openPodCalls } from '../../linux/pod-calls.ts';
import { Watcher } from '../../linux/watcher.ts';
import { openArchivePool } from '../../sandbox/container/archive.ts';
import { settleLater } from '../../sandbox/container/exit.ts';
import type { ExitParts } from '../../sandbox/container/exit.ts';
import { ExitWatch } from '../../sandbox/container/exit-watch.ts';
import { keepUnitLimits } from '../../sandbox/unit-limits.ts';
import { tellingImages } from '../../sandbox/events/image-events.ts';
import { OomCounts } from '../../sandbox/events/oom-counts.ts';
import { OomWatch } from '../../sandbox/events/oom/watch.ts';
import { AppArmor } from '../../sandbox/apparmor/apparmor.ts';
import { enterOwnCgroup } from '../../sandbox/pod/cgroups.ts';
import { UserNamespaces } from '../../sandbox/pod/user-namespace-support.ts';
import type { ReconcileParts } from '../../sandbox/reconcile.ts';
import { CdiLibrary } from '../../sandbox/oci/cdi/library.ts';
import { CdiWatch } from '../../sandbox/oci/cdi/watch.ts';
import { FeatureReader } from '../../sandbox/oci/features.ts';
import { SeccompFilters } from '../../sandbox/oci/seccomp-filters.ts';
import { watchEnds } from '../../sandbox/standalone/end.ts';
import { createSampler } from '../../sandbox/stats/sampler.ts';
import { loadStore } from '../../sandbox/store/load.ts';
import { createPaths } from '../../sandbox/store/paths.ts';
import { createStore } from '../../sandbox/store/store.ts';
import type { HandlerParts } from '../handlers.ts';
import { readInstance } from '../instance.ts';
import { serviceManagerFrom } from '../lifecycle.ts';
import { ociRuntimes, readHostFacts, readOomScore, sandboxSettings } from '../settings.ts';
import { version } from '../version.ts';
import { openDriver } from './cgroups.ts';
import type { Given } from './given.ts';
import { openEvents } from './events.ts';
import { imageOptions } from './images.ts';
import { countLevels, meteredNetwork, meteredRuntimes } from './metering.ts';
import { openNetwork } from './network.ts';

/** Everything the operations work with, opened in the order of its needs; the stack closes it. */
export async function openParts(given: Given, stack: AsyncDisposableStack): Promise<HandlerParts & ReconcileParts> {
  const { config, environment, log, metrics, lifetime, reach } = given;
  const stuck = (task: string) => {
    metrics.operations.stuck.inc({ task });
    log.error({ task }, 'a task does not answer: its worker is given up');
  };
  const instance = await readInstance(config.root);
  const paths = createPaths(config.root, config.state, instance);
  const runtimes = meteredRuntimes(ociRuntimes(config), metrics);
  for (const { root } of runtimes.values()) await mkdir(root, { recursive: true, mode: 0o700 });
  const bootId = readBootId();
  const oomTallies = await OomCounts.open(join(config.root, 'oom-counts.json'), bootId, log);
  stack.defer(() => oomTallies.close());
  const store = await createStore(paths, log);
  stack.defer(() => store.close());
  const { events, lives } = await openEvents(given, store, stack);
  const watcher = stack.use(new Watcher());
  const podCalls = stack.use(openPodCalls({ onStuck: stuck, killStep: given.killStep }));
  const disk = stack.use(openDiskPool({ name: 'disk', size: 2, onStuck: stuck }));
  const hostPaths = stack.use(openDiskPool({ name: 'host paths', size: 4, onStuck: stuck }));
  const cgroups = await openDriver(config.cgroup, () => stuck('cgroup limit'), stack);
  const settings = sandboxSettings(config, log);
  const [quietImages, plainNetwork, empty] = await Promise.all([
    openImages(imageOptions(given)),
    openNetwork(given, { instance, podCalls, watcher }),
    loadStore(store, paths, { bootId, log }),
  ]);
  const images = tellingImages(quietImages, events);
  const network = meteredNetwork(plainNetwork, metrics);
  stack.defer(() => network.close());
  stack.defer(() => images.close());
  for (const directory of empty) await disk.call('removeTree', directory, lifetime);
  if (serviceManagerFrom(environment, process.pid).notifySocket === '')
    await enterOwnCgroup({ cgroups, settings, instance }, lifetime);
  const host = readHostFacts(cgroups);
  const cdi = new CdiLibrary(config.cdi.specDirs);
  const cdiWatch = stack.use(new CdiWatch(cdi, watcher, log));
  void cdiWatch.refresh();
  const apparmor = new AppArmor(watcher, log, lifetime);
  apparmor.start();
  const features = new FeatureReader(watcher, lifetime);
  const userNamespaces = new UserNamespaces({ disk, features, lifetime, watcher }, config);
  const common = {
    ...{ store, paths, runtimes, cgroups, images, network, watcher, podCalls, disk, hostPaths, settings, host },
    ...{ log, events, reach, lifetime, version, instance, bootId, root: config.root, stateDirectory: config.state },
    locks: new KeyedLocks<string>(),
    flights: new Flights<string, unknown>(),
    oomScore: readOomScore(host),
    ...{ apparmor, cdi, cdiWatch, selinux: readContainerContexts() },
    seccompFilters: new SeccompFilters(),
    ...{ features, userNamespaces },
    operations: metrics.operations,
  };
  const walks = stack.use(openDiskPool({ name: 'layer sizes', size: 1, onStuck: stuck }));
  const sampler = stack.use(createSampler({ ...common, disk: walks, root: config.root, oomTallies, onStuck: stuck }));
  const oomWatch = stack.use(new OomWatch({ ...common, counts: oomTallies, recent: events.recent() }));
  oomWatch.start();
  const exits = stack.use(new ExitWatch(watcher, paths.exits, (container) => settleLater(exitParts, container)));
  const archives = stack.use(openArchivePool(stuck));
  const parts = { ...common, archives, sampler, exits, oomEnds: oomWatch, oomTallies, lives };
  const exitParts: ExitParts = parts;
  store.observe(watchEnds(parts));
  countLevels(metrics, parts);
  await keepUnitLimits(parts);
  return parts;
}
