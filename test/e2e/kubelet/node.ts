import { randomBytes, randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket, CricketOptions } from '../../fixtures/daemon.ts';
import { startTestRegistry, writeMirrors } from '../../fixtures/images/images.ts';
import { startKubelet } from '../../fixtures/kubelet/kubelet.ts';
import type { Kubelet } from '../../fixtures/kubelet/kubelet.ts';

/** A daemon of its own, a registry and a kubelet on top of it. */
export interface TestNode extends AsyncDisposable {
  readonly cricket: Cricket;
  /** The one that runs now. */
  kubelet(): Kubelet;
  /** Ends the kubelet alone and starts it again; what happens `meanwhile` it finds out by itself. */
  restartKubelet(meanwhile?: () => void): Promise<void>;
  readonly cgroupRoot: string;
  /** What the kubelet tells the daemon to take addresses from. */
  readonly podCidr: string;
  /** Mounted in pods that want it, at any place. */
  readonly shared: string;
  run(name: string, pod: object): void;
  remove(name: string): void;
  /** Ids of the sandboxes of a pod, dead ones included. */
  sandboxes(name: string): Promise<readonly string[]>;
}

export interface NodeOptions extends Pick<CricketOptions, 'network'> {
  /** Of the kubelet, beside those it always has here. */
  readonly featureGates?: Readonly<Record<string, boolean>>;
}

export async function startNode({ featureGates, ...options }: NodeOptions = {}): Promise<TestNode> {
  await using starting = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'cricket-kubelet-'));
  starting.defer(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  const shared = join(dir, 'shared');
  mkdirSync(shared);
  const registry = await startTestRegistry({ configDir: join(dir, 'registry') });
  starting.defer(async () => registry.stop());
  const certsDir = join(dir, 'certs');
  writeMirrors(certsDir, registry);
  const cricket = await startCricket({ certsDir, demo: false, config: 'log.level = "debug"', ...options });
  starting.defer(async () => cricket.stop());

  const cgroupRoot = `/cricket-test-kubelet-${randomBytes(3).toString('hex')}`;
  // Above those that the daemons of tests take.
  const podCidr = `10.${randomInt(240, 255)}.${randomInt(0, 256)}.0/24`;
  const start = async () => {
    const started = await startKubelet({
      endpoint: cricket.endpoint,
      dir: join(dir, 'kubelet'),
      cgroupRoot,
      config: {
        podCIDR: podCidr,
        containerLogMaxSize: '16Ki',
        containerLogMaxFiles: 100,
        containerLogMonitorInterval: '3s',
      },
      featureGates: { CRIListStreaming: true, ...featureGates },
    });
    scope.defer(async () => started.stop());
    return started;
  };
  const scope = starting.move();
  let kubelet: Kubelet;
  try {
    kubelet = await start();
  } catch (error) {
    await scope.disposeAsync();
    throw error;
  }
  const manifest = (name: string) => join(kubelet.manifestsDir, `${name}.json`);
  return {
    cricket,
    kubelet: () => kubelet,
    async restartKubelet(meanwhile) {
      await kubelet.terminate();
      meanwhile?.();
      kubelet = await start();
    },
    cgroupRoot,
    podCidr,
    shared,
    run(name, pod) {
      // The kubelet reads what it sees at once, but nothing with a dot in front.
      const draft = join(kubelet.manifestsDir, `.${name}`);
      writeFileSync(draft, JSON.stringify(pod));
      renameSync(draft, manifest(name));
    },
    remove(name) {
      rmSync(manifest(name));
    },
    async sandboxes(name) {
      const { items } = await cricket.client.runtime.listPodSandbox();
      return items.filter(({ labels }) => labels['app'] === name).map(({ id }) => id);
    },
    [Symbol.asyncDispose]: async () => scope.disposeAsync(),
  };
}
