import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerStats, PodSandboxStats } from '../../../api/cri/v1/api.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { eventually, podStatus, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../../fixtures/pods.ts';
import { parseSeries, scrape } from '../../fixtures/scrape.ts';
import type { Series } from '../../fixtures/scrape.ts';
import { cgroupFile, initPid, sh } from '../sandbox/lab.ts';

const MiB = 1024 * 1024;
/** Uses memory, a second of CPU and the disk, starts five sleepers, then rests: figures that hold still. */
const load = `
  x=$(head -c ${24 * MiB} /dev/zero | tr '\\0' x)
  i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done
  dd if=/dev/zero of=/data bs=1M count=8 oflag=direct 2>/dev/null
  for n in 1 2 3 4 5; do sleep 3600 & done
  echo \${#x} > /dev/shm/done; wait`;

/** What `runc events --stats` tells of a container: read by another program out of the same kernel. */
interface RuncStats {
  readonly cpu: { readonly usage: { readonly total: number; readonly user: number } };
  readonly memory: { readonly usage: { readonly usage: number; readonly limit: number } };
  readonly pids: { readonly current: number };
  readonly blkio: { readonly ioServiceBytesRecursive?: readonly { readonly op: string; readonly value: number }[] };
}

describe('figures against the kernel and runc', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  let pod: TestPod;
  let container: TestContainer;
  let group: string;
  let stats: ContainerStats;
  let podStats: PodSandboxStats;
  let series: readonly Series[];
  let runc: RuncStats;

  before(async () => {
    const socket = 'unix:///run/cricket-test-values.sock';
    cricket = await startCricket({ config: `metrics.address = "${socket}"` });
    pod = await runPod(cricket, { name: 'loaded' }, 'runc');
    const resources = { memoryLimitInBytes: BigInt(128 * MiB), cpuQuota: 90_000n, cpuPeriod: 100_000n };
    // The disk's I/O is counted from the first question on where the kernel waits to be told.
    await runContainer(cricket, pod, { name: 'first' });
    await scrape(socket.replace('unix://', ''));
    container = await runContainer(cricket, pod, { name: 'main', command: ['sh', '-c', load], resources });
    group = cricket.containerCgroup(pod.id, container.id);
    await eventually(async () => sh(cricket, container, 'grep . /dev/shm/done'), 30_000);
    await floodPod();
    await delay(1200);
    const { runtime } = cricket.client;
    const got = await runtime.containerStats({ containerId: container.id });
    const ofPod = await runtime.podSandboxStats({ podSandboxId: pod.id });
    if (got.stats === undefined || ofPod.stats === undefined) throw new Error('no stats');
    [stats, podStats] = [got.stats, ofPod.stats];
    // Descriptors are counted for a few milliseconds a scrape: not of every container at the first on a slow machine.
    series = await eventually(async () => {
      const all = parseSeries((await scrape(socket.replace('unix://', ''))).text);
      const counted = all.some(({ name, labels }) => name === 'container_sockets' && labels['container'] === 'main');
      if (!counted) throw new Error('not counted yet');
      return all;
    });
    runc = runcStats();
  });
  after(async () => cricket.stop());

  /** Packets to the pod's address from the host: whether anybody listens there does not matter. */
  async function floodPod(): Promise<void> {
    const { network } = await podStatus(cricket, pod.id);
    const socket = createSocket('udp4');
    for (let n = 0; n < 500; n++)
      await new Promise((resolve) => socket.send(Buffer.alloc(1000), 9, network?.ip ?? '', resolve));
    socket.close();
  }

  function runcStats(): RuncStats {
    const root = join(cricket.state, 'runtimes/runc');
    const text = execFileSync('runc', ['--root', root, 'events', '--stats', container.id], { encoding: 'utf8' });
    return (JSON.parse(text) as { readonly data: RuncStats }).data;
  }

  const ofMetrics = (name: string, labels: Readonly<Record<string, string>> = {}): number => {
    const wanted = Object.entries({ container: 'main', pod: 'loaded', namespace: 'default', ...labels });
    const found = series.filter(
      (one) => one.name === name && wanted.every(([key, value]) => one.labels[key] === value),
    );
    expect(found, `${name} ${JSON.stringify(labels)}`).to.have.length(1);
    return found[0]?.value ?? Number.NaN;
  };
  const near = (value: number, reference: number, what: string) =>
    expect(value, what).to.be.within(reference * 0.98, reference * 1.02);
  const fileNumber = (...names: readonly string[]) => Number(cgroupFile(group, ...names));
  const keyed = (key: string, ...names: readonly string[]) =>
    Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(cgroupFile(group, ...names))?.[1]);
  const isV2 = () => {
    try {
      return cgroupFile(group, 'memory.current') !== '';
    } catch {
      return false;
    }
  };

  it('of memory', () => {
    const usage = fileNumber('memory.usage_in_bytes', 'memory.current');
    expect(usage).to.be.greaterThan(24 * MiB);
    near(Number(stats.memory?.usageBytes?.value), usage, 'CRI usage');
    near(ofMetrics('container_memory_usage_bytes'), usage, 'usage');
    near(ofMetrics('container_memory_usage_bytes'), runc.memory.usage.usage, 'usage by runc');
    const inactive = isV2() ? keyed('inactive_file', 'memory.stat') : keyed('total_inactive_file', 'memory.stat');
    near(Number(stats.memory?.workingSetBytes?.value), usage - inactive, 'working set');
    near(ofMetrics('container_memory_working_set_bytes'), usage - inactive, 'working set');
    const rss = isV2() ? keyed('anon', 'memory.stat') : keyed('total_rss', 'memory.stat');
    near(ofMetrics('container_memory_rss'), rss, 'rss');
    near(Number(stats.memory?.rssBytes?.value), rss, 'CRI rss');
    expect(ofMetrics('container_spec_memory_limit_bytes')).to.equal(runc.memory.usage.limit);
    near(ofMetrics('container_memory_max_usage_bytes'), fileNumber('memory.max_usage_in_bytes', 'memory.peak'), 'peak');
  });

  it('of CPU time', () => {
    const usage = isV2() ? keyed('usage_usec', 'cpu.stat') * 1000 : fileNumber('cpuacct.usage');
    expect(usage).to.be.greaterThan(100_000_000);
    near(Number(stats.cpu?.usageCoreNanoSeconds?.value), usage, 'CRI usage');
    near(ofMetrics('container_cpu_usage_seconds_total', { cpu: 'total' }) * 1e9, usage, 'usage');
    near(ofMetrics('container_cpu_usage_seconds_total') * 1e9, runc.cpu.usage.total, 'usage by runc');
    const user = isV2() ? keyed('user_usec', 'cpu.stat') / 1e6 : fileNumber('cpuacct.usage_user') / 1e9;
    near(ofMetrics('container_cpu_user_seconds_total'), user, 'user');
    expect(ofMetrics('container_cpu_cfs_periods_total')).to.equal(keyed('nr_periods', 'cpu.stat'));
    expect(ofMetrics('container_spec_cpu_quota')).to.equal(90_000);
  });

  it('of CPU use: what was used between two questions', async () => {
    const busy = await runContainer(cricket, pod, { name: 'busy', command: ['sh', '-c', 'while :; do :; done'] });
    const ask = async () => {
      const { stats: now } = await cricket.client.runtime.containerStats({ containerId: busy.id });
      const { timestamp = 0n, usageCoreNanoSeconds, usageNanoCores } = now?.cpu ?? {};
      return [timestamp, usageCoreNanoSeconds?.value ?? 0n, Number(usageNanoCores?.value ?? 0n)] as const;
    };
    const [at, used, first] = await ask();
    expect(first, 'nothing to compare with yet').to.equal(0);
    await delay(1500);
    const [later, more, rate] = await ask();
    near(rate, (Number(more - used) / Number(later - at)) * 1e9, 'nanocores');
  });

  it('of processes and threads', () => {
    // The shell and five sleepers; none of them has a second thread.
    expect(ofMetrics('container_processes')).to.equal(6);
    expect(ofMetrics('container_threads')).to.equal(fileNumber('pids.current'));
    expect(ofMetrics('container_threads')).to.equal(runc.pids.current);
    expect(podStats.linux?.process?.processCount?.value).to.equal(8n);
    expect(ofMetrics('container_file_descriptors')).to.be.within(6 * 3, 6 * 4);
  });

  it('of I/O', () => {
    const written = series.filter(
      ({ name, labels }) => name === 'container_fs_writes_bytes_total' && labels['container'] === 'main',
    );
    const total = written.reduce((sum, { value }) => sum + value, 0);
    near(total, 8 * MiB, 'bytes written');
    expect(written[0]?.labels['device']).to.match(/^\/dev\/\w+$/);
    const byRunc = (runc.blkio.ioServiceBytesRecursive ?? []).filter(({ op }) => op.toLowerCase() === 'write');
    near(
      total,
      byRunc.reduce((sum, { value }) => sum + value, 0),
      'bytes written by runc',
    );
  });

  it('of the network', async () => {
    const pid = await initPid(cricket, container);
    const text = readFileSync(`/proc/${pid}/net/dev`, 'utf8');
    const [received = '', packets = ''] = /eth0: *(\d+) +(\d+)/.exec(text)?.slice(1) ?? [];
    expect(Number(received)).to.be.greaterThan(500 * 1000);
    const labels = { container: 'POD', interface: 'eth0', image: '' };
    near(ofMetrics('container_network_receive_bytes_total', labels), Number(received), 'bytes');
    near(ofMetrics('container_network_receive_packets_total', labels), Number(packets), 'packets');
    const main = podStats.linux?.network?.defaultInterface;
    expect(main?.name).to.equal('eth0');
    near(Number(main?.rxBytes?.value), Number(received), 'CRI bytes');
    expect(podStats.linux?.network?.interfaces).to.deep.equal([]);
  });

  it('of the sandbox: the sum of its containers', () => {
    const usages = podStats.linux?.containers.map(({ cpu }) => Number(cpu?.usageCoreNanoSeconds?.value)) ?? [];
    expect(usages).to.have.length(2);
    near(
      Number(podStats.linux?.cpu?.usageCoreNanoSeconds?.value),
      usages.reduce((a, b) => a + b, 0),
      'CPU',
    );
    expect(podStats.attributes?.metadata?.name).to.equal('loaded');
  });
});
