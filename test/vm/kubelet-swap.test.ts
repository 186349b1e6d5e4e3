import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { LinuxContainerResources } from '../../api/cri/v1/api.ts';
import { filled } from '../../hack/lib/cri-client.ts';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { containerCgroups } from '../fixtures/kubelet/cgroups.ts';
import { startNode } from '../fixtures/kubelet/node.ts';
import type { TestNode } from '../fixtures/kubelet/node.ts';
import { staticPod } from '../fixtures/kubelet/static-pod.ts';
import { isReady, logLines, logOf, summary, viewOf } from '../fixtures/kubelet/views.ts';
import { eventually, runContainer, runPod } from '../fixtures/pods.ts';
import type { TestContainer } from '../fixtures/pods.ts';

const swapMib = 512;
const mib = 1 << 20;
const page = 4096;
/** Of memory that nothing but a process has, and that goes nowhere but to swap. */
const heldMib = 24;
const script = `x=$(head -c ${heldMib * mib} /dev/zero | tr "\\0" x); echo held; while :; do sleep 3600; done`;

const requests = { cpu: '500m', memory: '512Mi' };
const classes = {
  burstable: { requests, limits: { memory: '600Mi' } },
  guaranteed: { requests, limits: requests },
  'best-effort': {},
} as const;
const names = Object.keys(classes) as (keyof typeof classes)[];

/** Bytes of a field of /proc/meminfo. */
const meminfo = (field: string) =>
  Number(new RegExp(`^${field}: +(\\d+) kB`, 'm').exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) * 1024;

const read = (file: string) => readFileSync(file, 'utf8').trim();

/**
 * Has a cgroup reclaim half of what is its process's own, once that has all of it, and touches it no more, as its log says:
 * what is touched comes back from swap. Answers what came of it: bytes in swap.
 */
async function swappedOf(cgroup: string, log: () => string | Promise<string>): Promise<number> {
  await eventually(async () => expect(await log()).to.contain('held'), 60_000);
  expect(Number(read(join(cgroup, 'memory.current')))).to.be.above(heldMib * mib);
  try {
    // What it cannot reclaim it says is EAGAIN.
    writeFileSync(join(cgroup, 'memory.reclaim'), `${heldMib >> 1}M`);
  } catch (error) {
    expect(error).to.have.property('code', 'EAGAIN');
  }
  return Number(read(join(cgroup, 'memory.swap.current')));
}

describe('on a machine with swap', () => {
  let folder: string;
  const file = () => join(folder, 'swap');
  before(function () {
    this.timeout(120_000);
    folder = mkdtempSync(join(tmpdir(), 'cricket-swap-'));
    execFileSync('fallocate', ['-l', `${swapMib}M`, file()]);
    execFileSync('chmod', ['600', file()]);
    execFileSync('mkswap', [file()], { stdio: 'ignore' });
    execFileSync('swapon', [file()]);
  });
  after(() => {
    execFileSync('swapoff', [file()]);
    rmSync(folder, { recursive: true });
  });

  // A standalone kubelet has static pods alone. It holds them for critical, and those get no swap in either mode.
  for (const swapBehavior of ['NoSwap', 'LimitedSwap'])
    describe(`a real kubelet: ${swapBehavior}`, function () {
      this.timeout(120_000);
      let node: TestNode;
      before(async function () {
        this.timeout(600_000);
        node = await startNode({ kubelet: { memorySwap: { swapBehavior } } });
        for (const name of names) node.run(name, staticPod({ name, script, container: { resources: classes[name] } }));
      });
      after(async () => node[Symbol.asyncDispose]());

      for (const name of names)
        it(`gives none to a static pod that is ${name}`, async () => {
          const [cgroup = ''] = await eventually(async () => {
            const { pod, main } = await viewOf(node.kubelet(), name);
            expect(isReady(pod), `${name} is ready`).to.equal(true);
            return containerCgroups(node.cgroupRoot, main.containerID?.split('//')[1] ?? '?');
          }, 60_000);
          expect(read(join(cgroup, 'memory.swap.max'))).to.equal('0');
          expect(await swappedOf(cgroup, async () => logOf(node.kubelet(), name))).to.equal(0);
        });

      it('and tells that none is used', async () => {
        const { pods } = await summary(node.kubelet());
        const main = pods.find(({ podRef }) => podRef.name.startsWith('burstable-'))?.containers?.[0];
        const { swapUsageBytes } = (main?.swap ?? {}) as { readonly swapUsageBytes?: number };
        expect(swapUsageBytes ?? 0).to.equal(0);
      });

      it('without a complaint', () => {
        expect(logLines(node.kubelet(), /code = (Internal|InvalidArgument|Unimplemented)/)).to.deep.equal([]);
      });
    });

  describe('what a kubelet with LimitedSwap asks for of a burstable pod from an API server', function () {
    this.timeout(120_000);
    // KEP-2400: in proportion to the memory requested; the kubelet names the file of cgroup v2.
    const share = (bytes: number) => Math.floor((bytes * meminfo('SwapTotal')) / meminfo('MemTotal'));
    const given = (bytes: number) => `${Math.floor(share(bytes) / page) * page}`;
    const resources = (requested: number, limit: number) => ({
      memoryLimitInBytes: BigInt(limit),
      unified: { 'memory.swap.max': `${share(requested)}` },
    });
    let cricket: Cricket;
    let container: TestContainer;
    let cgroup: string;
    before(async function () {
      this.timeout(600_000);
      cricket = await startCricket();
      const pod = await runPod(cricket, { name: 'swaps' });
      const wish = { name: 'main', command: ['sh', '-c', script], resources: resources(512 * mib, 600 * mib) };
      container = await runContainer(cricket, pod, wish);
      [cgroup = ''] = containerCgroups('/', container.id);
    });
    after(async () => cricket.stop());

    it('is given to it', async () => {
      expect(read(join(cgroup, 'memory.swap.max'))).to.equal(given(512 * mib));
      expect(await swappedOf(cgroup, () => readFileSync(container.logPath, 'utf8'))).to.be.above(mib);
    });

    it('and told of it', async () => {
      await eventually(async () => {
        const { stats } = await cricket.client.runtime.containerStats({ containerId: container.id });
        const [used, left] = [stats?.swap?.swapUsageBytes?.value, stats?.swap?.swapAvailableBytes?.value].map(Number);
        const current = Number(read(join(cgroup, 'memory.swap.current')));
        expect({ used, left }).to.deep.equal({ used: current, left: Number(given(512 * mib)) - current });
        expect(used).to.be.above(mib);
      }, 20_000);
    });

    it('and changes with the pod, where it runs', async () => {
      const linux = filled(LinuxContainerResources, resources(256 * mib, 700 * mib));
      await cricket.client.runtime.updateContainerResources({ containerId: container.id, linux });
      expect(read(join(cgroup, 'memory.swap.max'))).to.equal(given(256 * mib));
      expect(read(join(cgroup, 'memory.max'))).to.equal(`${700 * mib}`);
      await cricket.restart();
      expect(read(join(cgroup, 'memory.swap.max'))).to.equal(given(256 * mib));
    });
  });
});
