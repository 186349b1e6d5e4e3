import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { containerCgroups } from '../fixtures/kubelet/cgroups.ts';
import { startNode } from '../fixtures/kubelet/node.ts';
import type { TestNode } from '../fixtures/kubelet/node.ts';
import { sleeping, staticPod } from '../fixtures/kubelet/static-pod.ts';
import type { StaticPod } from '../fixtures/kubelet/static-pod.ts';
import { isReady, logLines, viewOf } from '../fixtures/kubelet/views.ts';
import { containerStatus, eventually } from '../fixtures/pods.ts';

interface Size {
  readonly cpu: number;
  readonly cpuRequest: number;
  readonly memoryMib: number;
}

/** A pod that stays itself when its manifest changes, as its uid is in it: the kubelet then resizes it where it runs. */
function sized(name: string, { cpu, cpuRequest, memoryMib }: Size, resizePolicy: readonly object[] = []): StaticPod {
  const resources = {
    requests: { cpu: `${cpuRequest}m`, memory: '16Mi' },
    limits: { cpu: `${cpu}m`, memory: `${memoryMib}Mi` },
  };
  const pod = staticPod({ name, script: sleeping, container: { resources, resizePolicy } });
  const uid = `5e1f5e1f-0000-4000-8000-${Buffer.from(name).toString('hex').padStart(12, '0').slice(-12)}`;
  return { ...pod, metadata: { ...pod.metadata, uid } };
}

const sizes: readonly (readonly [string, Size])[] = [
  ['up', { cpu: 800, cpuRequest: 200, memoryMib: 64 }],
  ['down', { cpu: 200, cpuRequest: 50, memoryMib: 40 }],
  ['up again, CPU alone', { cpu: 300, cpuRequest: 100, memoryMib: 40 }],
  ['down, memory alone', { cpu: 300, cpuRequest: 100, memoryMib: 32 }],
];
const first: Size = { cpu: 500, cpuRequest: 100, memoryMib: 48 };

describe('a real kubelet resizes containers where they run', function () {
  this.timeout(120_000);
  let node: TestNode;
  before(async function () {
    this.timeout(600_000);
    node = await startNode({ verbosity: 3, kubelet: { memorySwap: { swapBehavior: 'NoSwap' } } });
    node.run('sized', sized('sized', first));
    const restartForMemory = [
      { resourceName: 'cpu', restartPolicy: 'NotRequired' },
      { resourceName: 'memory', restartPolicy: 'RestartContainer' },
    ];
    node.run('anew', sized('anew', first, restartForMemory));
    for (const name of ['sized', 'anew']) await ready(name);
  });
  after(async () => node[Symbol.asyncDispose]());

  const ready = async (name: string) =>
    eventually(async () => {
      const seen = await viewOf(node.kubelet(), name);
      expect(isReady(seen.pod), `${name} is ready`).to.equal(true);
      return seen.main;
    }, 60_000);
  const idOf = (main: { readonly containerID?: string }) => main.containerID?.split('//')[1] ?? '?';

  /** Waits until cgroupfs, the daemon and the kubelet all tell it. */
  const has = async (name: string, id: string, { cpu, cpuRequest, memoryMib }: Size) =>
    eventually(async () => {
      expect(cgroupOf(node.cgroupRoot, id)).to.deep.equal({
        memory: `${memoryMib << 20}`,
        quota: `${cpu * 100}`,
        shares: sharesOf(cpuRequest),
        swap: noSwap(memoryMib),
      });
      const { resources } = await containerStatus(node.cricket, id);
      expect(resources?.linux?.memoryLimitInBytes).to.equal(BigInt(memoryMib << 20));
      expect(resources?.linux?.cpuQuota).to.equal(BigInt(cpu * 100));
      const { main } = await viewOf(node.kubelet(), name);
      expect(main.resources?.limits).to.deep.equal({ cpu: `${cpu}m`, memory: `${memoryMib}Mi` });
      expect(main.resources?.requests?.['cpu']).to.equal(`${cpuRequest}m`);
    }, 60_000);

  it('as they begin', async () => {
    await has('sized', idOf(await ready('sized')), first);
  });

  for (const [what, size] of sizes)
    it(what, async () => {
      const before = await ready('sized');
      node.run('sized', sized('sized', size));
      await has('sized', idOf(before), size);
      expect(await ready('sized')).to.include({ containerID: before.containerID, restartCount: 0 });
    });

  it('or anew, where they ask for that', async () => {
    const before = await ready('anew');
    const size = { ...first, memoryMib: 56 };
    node.run('anew', {
      ...sized('anew', size, [
        { resourceName: 'cpu', restartPolicy: 'NotRequired' },
        { resourceName: 'memory', restartPolicy: 'RestartContainer' },
      ]),
    });
    const after_ = await eventually(async () => {
      const main = await ready('anew');
      expect(main.containerID).not.to.equal(before.containerID);
      return main;
    }, 60_000);
    await has('anew', idOf(after_), size);
    expect(after_.restartCount).to.equal(1);
    expect(await node.readySandboxes('anew')).to.have.length(1);
  });

  it('and what was set holds when the daemon was away', async () => {
    const before = await ready('sized');
    await node.cricket.restart();
    await has('sized', idOf(before), sizes.at(-1)?.[1] ?? first);
    expect(await ready('sized')).to.include({ containerID: before.containerID, restartCount: 0 });
  });

  it('without a complaint', () => {
    // Of images it wants to know every half a minute, also while the daemon is away.
    const complaint = /code = (Internal|InvalidArgument)|[Ff]ailed to (resize|update (?!image list))/;
    expect(logLines(node.kubelet(), complaint)).to.deep.equal([]);
  });
});

/** What cgroupfs has of a container, in the terms of v1 or v2. */
function cgroupOf(root: string, id: string): Record<'memory' | 'quota' | 'shares' | 'swap', string> {
  const groups = containerCgroups(root, id);
  const read = (file: string) => {
    const found = groups.map((group) => join(group, file)).find((path) => existsSync(path));
    return found === undefined ? '' : readFileSync(found, 'utf8').trim();
  };
  if (!isV1)
    return {
      memory: read('memory.max'),
      quota: read('cpu.max').split(' ')[0] ?? '',
      shares: read('cpu.weight'),
      swap: read('memory.swap.max'),
    };
  return {
    memory: read('memory.limit_in_bytes'),
    quota: read('cpu.cfs_quota_us'),
    shares: read('cpu.shares'),
    swap: read('memory.memsw.limit_in_bytes'),
  };
}

const isV1 = existsSync('/sys/fs/cgroup/memory');

/** v1 counts memory and swap together; a kernel without swap accounting has no such file. */
function noSwap(memoryMib: number): string {
  if (!isV1) return '0';
  return existsSync('/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes') ? `${memoryMib << 20}` : '';
}

/** The kubelet's shares of a request; v2's weight by the formula that it and runtimes since 2025 use. */
function sharesOf(milliCpu: number): string {
  const shares = Math.floor((milliCpu * 1024) / 1000);
  if (isV1) return `${shares}`;
  const log = Math.log2(shares);
  return `${Math.ceil(10 ** ((log ** 2 + 125 * log) / 612 - 7 / 34))}`;
}
