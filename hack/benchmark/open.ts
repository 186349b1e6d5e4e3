import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeCgroups } from '../../test/fixtures/kubelet/cgroups.ts';
import { critestHosts, startTestRegistry, writeMirrors } from '../../test/fixtures/images/images.ts';
import { startRegistry } from '../../test/fixtures/images/registry.ts';
import { links } from '../../test/leftovers/kernel.ts';
import { connectCri } from '../lib/cri-client.ts';
import { imageSpec } from '../lib/cri-messages.ts';
import type { Contestant } from './contestant.ts';
import { writeKubeletFiles } from './kubelet-config.ts';
import type { EndpointWish } from './options.ts';
import { removeOurPods } from './pods.ts';
import { variants } from './pulls.ts';
import { pushVariants } from './variants.ts';
import { startPrivateContainerd } from './private-containerd.ts';
import type { PrivateDaemon } from './private-containerd.ts';
import { startPrivateCricket } from './private-cricket.ts';

const image = 'test/busybox:1';
const forwarding = '/proc/sys/net/ipv4/ip_forward';

export interface Opened extends AsyncDisposable {
  readonly contestants: readonly Contestant[];
  /** `host:port` of the registry with variants of the big image, where they were asked for. */
  readonly pullRegistry: string | undefined;
}

/** Starts what is to be started and has every daemon pull the image. Disposing ends and removes all that was made. */
export async function openContestants(wishes: readonly EndpointWish[], withBig: boolean): Promise<Opened> {
  await using made = new AsyncDisposableStack();
  restoreForwarding(made);
  // Not under /tmp, which may be in memory: layers and writable files belong on a disk.
  const dir = mkdtempSync('/var/tmp/crk-bench-');
  made.defer(() => rmSync(dir, { recursive: true, force: true }));
  const cgroup = `/cricket-test-bench-${process.pid}`;
  made.defer(() => removeCgroups(cgroup));
  const registry = await startTestRegistry({
    configDir: join(dir, 'registry'),
    sets: ['own', 'critest', ...(withBig ? (['big'] as const) : [])],
  });
  made.defer(() => registry.stop());
  const certsDir = join(dir, 'certs');
  writeMirrors(certsDir, registry, critestHosts);
  const contestants: Contestant[] = [];
  for (const wish of wishes) {
    const own = { dir: join(dir, wish.name), cgroup: `${cgroup}/${wish.name}`, daemonCgroup: `${cgroup}-${wish.name}` };
    const daemon = await openDaemon(wish, own, certsDir, made);
    const reference = `${registry.host}/${image}`;
    contestants.push(await openOne({ ...own, wish, reference }, daemon, made));
  }
  const pullRegistry = withBig ? await startPullRegistry(dir, registry.url, made) : undefined;
  const all = made.move();
  return { contestants, pullRegistry, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** The variants are pushed, and what is prepared is served read-only: so they have a registry of their own. */
async function startPullRegistry(dir: string, from: string, made: AsyncDisposableStack): Promise<string> {
  console.error('==> making variants of the big image');
  const registry = await startRegistry({ dir: join(dir, 'variants') });
  made.defer(() => registry.stop());
  await pushVariants(from, registry.url, variants);
  return registry.host;
}

interface Own {
  readonly dir: string;
  readonly cgroup: string;
  readonly daemonCgroup: string;
}

async function openDaemon(
  wish: EndpointWish,
  { dir, daemonCgroup }: Own,
  certsDir: string,
  made: AsyncDisposableStack,
): Promise<Pick<PrivateDaemon, 'endpoint'> & Partial<PrivateDaemon>> {
  if (wish.kind === 'running') return wish;
  const daemon =
    wish.name === 'cricket' || wish.name === 'cricket+cni'
      ? await startPrivateCricket({ dir, certsDir, cgroup: daemonCgroup, withCni: wish.name === 'cricket+cni' })
      : await startPrivateContainerd(dir, certsDir, wish.name === 'containerd' ? 'runc' : 'crun');
  made.defer(() => daemon.stop());
  return daemon;
}

interface One extends Own {
  readonly wish: EndpointWish;
  readonly reference: string;
}

async function openOne(
  { wish, dir, cgroup, reference }: One,
  { endpoint, service, metrics, plugins }: Pick<PrivateDaemon, 'endpoint'> & Partial<PrivateDaemon>,
  made: AsyncDisposableStack,
): Promise<Contestant> {
  const kubeletDir = `${dir}.kubelet`;
  writeKubeletFiles(kubeletDir);
  const cri = made.use(connectCri(endpoint));
  await cri.ready(15_000);
  const { runtimeName, runtimeVersion } = await cri.runtime.version();
  await cri.image.pullImage({ image: imageSpec(reference) });
  if (wish.kind === 'running')
    made.defer(async () => {
      await cri.image.removeImage({ image: imageSpec(reference) });
    });
  const run = `${process.pid}`;
  made.defer(() => removeOurPods({ cri, run }));
  return {
    name: wish.name,
    version: `${runtimeName} ${runtimeVersion}`,
    endpoint,
    cri,
    dir: kubeletDir,
    cgroup,
    image: reference,
    run,
    standing: [],
    service,
    metrics,
    plugins,
  };
}

/** Pod networks switch it on. It stays on when links have come meanwhile: others may need it by now. */
function restoreForwarding(made: AsyncDisposableStack): void {
  const before = readFileSync(forwarding, 'utf8');
  const linksBefore = new Set(links());
  made.defer(() => {
    if (links().every((name) => linksBefore.has(name))) writeFileSync(forwarding, before);
  });
}
