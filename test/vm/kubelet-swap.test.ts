import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { containerCgroups } from '../fixtures/kubelet/cgroups.ts';
import { startNode } from '../fixtures/kubelet/node.ts';
import type { TestNode } from '../fixtures/kubelet/node.ts';
import { staticPod } from '../fixtures/kubelet/static-pod.ts';
import { isReady, kubeletLog, summary, viewOf } from '../fixtures/kubelet/views.ts';
import { eventually } from '../fixtures/pods.ts';

const swapMib = 512;
/** Of memory that nothing but a process has, and that goes nowhere but to swap. */
const heldMib = 24;

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

/** KEP-2400: swap in proportion to the memory asked for, and only for pods that are Burstable. */
const share = () => Math.floor((512 * 2 ** 20 * meminfo('SwapTotal')) / meminfo('MemTotal'));

for (const swapBehavior of ['NoSwap', 'LimitedSwap'])
  describe(`a real kubelet on a machine with swap: ${swapBehavior}`, function () {
    this.timeout(120_000);
    let node: TestNode;
    let folder: string;
    before(async function () {
      this.timeout(600_000);
      folder = mkdtempSync(join(tmpdir(), 'cricket-swap-'));
      const file = join(folder, 'swap');
      execFileSync('fallocate', ['-l', `${swapMib}M`, file]);
      execFileSync('chmod', ['600', file]);
      execFileSync('mkswap', [file], { stdio: 'ignore' });
      execFileSync('swapon', [file]);
      node = await startNode({ kubelet: { memorySwap: { swapBehavior } } });
      const script = `x=$(head -c ${heldMib << 20} /dev/zero | tr "\\0" x); while :; do sleep 3600; done`;
      for (const name of names) node.run(name, staticPod({ name, script, container: { resources: classes[name] } }));
    });
    after(async () => {
      await node[Symbol.asyncDispose]();
      execFileSync('swapoff', [join(folder, 'swap')]);
      rmSync(folder, { recursive: true });
    });

    const group = async (name: string) => {
      const { pod, main } = await viewOf(node.kubelet(), name);
      expect(isReady(pod), `${name} is ready`).to.equal(true);
      const [own = ''] = containerCgroups(node.cgroupRoot, main.containerID?.split('//')[1] ?? '?');
      return (file: string) => join(own, file);
    };
    const read = (file: string) => readFileSync(file, 'utf8').trim();

    for (const name of names) {
      const some = swapBehavior === 'LimitedSwap' && name === 'burstable';
      it(`gives ${some ? 'its share' : 'none'} to a container that is ${name}`, async () => {
        const at = await eventually(async () => group(name), 60_000);
        const page = 4096;
        expect(Number(read(at('memory.swap.max')))).to.equal(some ? Math.floor(share() / page) * page : 0);
        await eventually(() => expect(Number(read(at('memory.current')))).to.be.above(heldMib << 20), 60_000);
        try {
          // What it cannot reclaim it says is EAGAIN.
          writeFileSync(at('memory.reclaim'), `${heldMib >> 1}M`);
        } catch (error) {
          expect(error).to.have.property('code', 'EAGAIN');
        }
        const swapped = Number(read(at('memory.swap.current')));
        if (some) expect(swapped).to.be.above(1 << 20);
        else expect(swapped).to.equal(0);
      });
    }

    it('and tells what is used of it', async () => {
      await eventually(async () => {
        const { pods } = await summary(node.kubelet());
        const main = pods.find(({ podRef }) => podRef.name.startsWith('burstable-'))?.containers?.[0];
        const { swapUsageBytes } = (main?.swap ?? {}) as { readonly swapUsageBytes?: number };
        if (swapBehavior === 'LimitedSwap') expect(swapUsageBytes).to.be.above(1 << 20);
        else expect(swapUsageBytes ?? 0).to.equal(0);
      }, 90_000);
    });

    it('without a complaint', () => {
      expect(kubeletLog(node.kubelet())).not.to.match(/code = (Internal|InvalidArgument|Unimplemented)/);
    });
  });
