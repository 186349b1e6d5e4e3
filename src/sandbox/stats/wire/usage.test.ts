import { expect } from 'chai';
import {
  ContainerAttributes,
  ListContainerStatsResponse,
  ListPodSandboxStatsResponse,
} from '../../../../api/cri/v1/api.ts';
import { MessageWriter } from '../../../base/message-writer.ts';
import type { CgroupStats } from '../../../cgroups/stats.ts';
import type { ContainerRecord } from '../../container/record.ts';
import type { Look, PodLook } from '../look.ts';
import { containerAttributes } from './attributes.ts';
import { writeContainerStats, writePodStats } from './usage.ts';

const at = 1_795_290_000_123_456;
const share = { avg10: 1.5, avg60: 0.25, avg300: 0, totalUs: 42 };
const pressure = { some: share, full: { ...share, avg10: 0, totalUs: 0 } };
const memory = { usage: 5000, workingSet: 4000, rss: 300, pageFaults: 7, majorPageFaults: 0, swap: 10 };
const stats = {
  at,
  cpu: { usageNs: 9_007_199_254_740_991 },
  memory,
  pressure: { cpu: pressure, memory: pressure, io: undefined },
} as unknown as CgroupStats;
const bounds = { limit: 3000, swapLimit: undefined, tasks: undefined };
const look: Look = { stats, bounds, nanoCores: 0 };
const config = { name: 'web', attempt: 2, labels: { app: 'shop' }, annotations: { note: '' } };
const attributes = containerAttributes({ id: 'c1', config } as unknown as ContainerRecord);
const usage = { attributes, look, layer: { timestamp: at - 5, bytes: 8192, inodes: 3 }, root: '/var/lib/cricket' };
const written = (write: (out: MessageWriter) => void): Uint8Array => {
  const out = new MessageWriter();
  write(out);
  return out.take();
};

describe('figures as CRI’s messages', () => {
  it('say whose they are', () => {
    expect(ContainerAttributes.decode(attributes)).to.deep.equal({
      ...{ id: 'c1', metadata: { name: 'web', attempt: 2 }, labels: { app: 'shop' }, annotations: { note: '' } },
    });
  });

  it('are what was looked at of a container', () => {
    const bytes = written((out) => writeContainerStats(out, 1, usage));
    const timestamp = BigInt(at) * 1000n;
    const psi = {
      Full: { Total: 0n, Avg10: 0, Avg60: 0.25, Avg300: 0 },
      Some: { Total: 42_000n, Avg10: 1.5, Avg60: 0.25, Avg300: 0 },
    };
    expect(ListContainerStatsResponse.decode(bytes).stats).to.deep.equal([
      {
        attributes: ContainerAttributes.decode(attributes),
        cpu: {
          ...{ timestamp, usageCoreNanoSeconds: { value: 9_007_199_254_740_991n }, usageNanoCores: { value: 0n }, psi },
        },
        memory: {
          ...{ timestamp, workingSetBytes: { value: 4000n }, usageBytes: { value: 5000n }, rssBytes: { value: 300n } },
          // Over its limit: nothing is left.
          availableBytes: { value: 0n },
          ...{ pageFaults: { value: 7n }, majorPageFaults: { value: 0n }, psi },
        },
        writableLayer: {
          ...{ timestamp: timestamp - 5000n, fsId: { mountpoint: '/var/lib/cricket' } },
          ...{ usedBytes: { value: 8192n }, inodesUsed: { value: 3n } },
        },
        swap: { timestamp, swapAvailableBytes: undefined, swapUsageBytes: { value: 10n } },
        io: undefined,
      },
    ]);
  });

  it('are those of a sandbox with its containers and interfaces', () => {
    const counters = {
      rxBytes: 1,
      rxPackets: 2,
      rxErrors: 3,
      rxDropped: 4,
      txBytes: 5,
      txPackets: 6,
      txErrors: 7,
      txDropped: 8,
    };
    const interfaces = ['net1', 'eth0'].map((name) => ({ name, ...counters }));
    const ofPod: PodLook = { ...look, processes: 12, interfaces };
    const bytes = written((out) => {
      writePodStats(out, 1, { attributes, look: ofPod }, [usage, usage]);
    });
    const [pod] = ListPodSandboxStatsResponse.decode(bytes).stats;
    expect(pod?.linux?.containers).to.have.length(2);
    expect(pod?.linux?.process?.processCount?.value).to.equal(12n);
    expect(pod?.linux?.network?.defaultInterface).to.deep.equal({
      ...{
        name: 'eth0',
        rxBytes: { value: 1n },
        rxErrors: { value: 3n },
        txBytes: { value: 5n },
        txErrors: { value: 7n },
      },
    });
    expect(pod?.linux?.network?.interfaces.map(({ name }) => name)).to.deep.equal(['net1']);
  });
});
