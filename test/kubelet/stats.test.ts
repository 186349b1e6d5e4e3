import { expect } from 'chai';
import { startNode } from '../fixtures/kubelet/node.ts';
import type { TestNode } from '../fixtures/kubelet/node.ts';
import { shell, sleeping, staticPod } from '../fixtures/kubelet/static-pod.ts';
import type { StaticPod } from '../fixtures/kubelet/static-pod.ts';
import { logLines, summary } from '../fixtures/kubelet/views.ts';
import type { PodSummary } from '../fixtures/kubelet/views.ts';
import { eventually } from '../fixtures/pods.ts';

const mib = 1 << 20;

/** What is left of memory, and of swap, is told only where there is a limit. */
const resources = { limits: { memory: '64Mi' } };

/** Uses a little of everything: CPU, memory, network, its root, its log and two volumes. */
function busyPod(): StaticPod {
  const mounts = [
    { name: 'disk', mountPath: '/disk' },
    { name: 'memory', mountPath: '/memory' },
  ];
  const pod = staticPod({
    name: 'busy',
    script: `head -c ${3 * mib} /dev/zero > /written; head -c ${4 * mib} /dev/zero > /disk/x; head -c ${5 * mib} /dev/zero > /memory/x
      nc -l -p 8080 </dev/null >/dev/null & sleep 0.5; echo hello | nc 127.0.0.1 8080
      i=0; while :; do i=$((i + 1)); echo line $i; sleep 0.2; done`,
    container: {
      volumeMounts: mounts,
      ports: [{ containerPort: 8080 }],
      readinessProbe: tcp,
      resources,
    },
    spec: {
      volumes: [
        { name: 'disk', emptyDir: {} },
        { name: 'memory', emptyDir: { medium: 'Memory' } },
      ],
    },
  });
  return {
    ...pod,
    spec: { ...pod.spec, containers: [...pod.spec.containers, shell('other', sleeping, { resources })] },
  };
}

/** Asks over the pod's network, whatever the answer. */
const tcp = { tcpSocket: { port: 8080 }, periodSeconds: 1, failureThreshold: 100_000 };

const under = (parent: string, ...names: readonly string[]) => ['time', ...names].map((name) => `${parent}.${name}`);
const pressures = ['full', 'some'].flatMap((share) =>
  ['total', 'avg10', 'avg60', 'avg300'].map((figure) => `psi.${share}.${figure}`),
);
const disk = ['time', 'availableBytes', 'capacityBytes', 'usedBytes', 'inodesFree', 'inodes', 'inodesUsed'];
const memory = ['availableBytes', 'usageBytes', 'workingSetBytes', 'rssBytes', 'pageFaults', 'majorPageFaults'];
const common = [
  ...under('cpu', 'usageNanoCores', 'usageCoreNanoSeconds', ...pressures),
  ...under('memory', ...memory, ...pressures),
  ...under('io', ...pressures),
];

/** All that the kubelet's summary API has fields for (its v1alpha1), but for accelerators and figures of users' own. */
const figures = {
  disk,
  container: [
    ...common,
    ...['rootfs', 'logs'].flatMap((parent) => disk.map((name) => `${parent}.${name}`)),
    ...under('swap', 'swapAvailableBytes', 'swapUsageBytes'),
  ],
  pod: [...common, ...disk.map((name) => `ephemeral-storage.${name}`)],
  podFromCri: [
    ...under('network', 'name', 'rxBytes', 'rxErrors', 'txBytes', 'txErrors'),
    'process_stats.process_count',
  ],
  // CRI has no field for it.
  podFromCgroups: under('swap', 'swapUsageBytes'),
} as const;

/** Paths of all that is not an object. */
function figuresIn(value: object, above = ''): string[] {
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]) =>
    typeof inner === 'object' && inner !== null ? figuresIn(inner, `${above}${name}.`) : [`${above}${name}`],
  );
}

for (const fromCri of [false, true])
  describe(`a real kubelet with PodAndContainerStatsFromCRI ${fromCri ? 'on' : 'off'}`, function () {
    this.timeout(120_000);
    let node: TestNode;
    before(async function () {
      this.timeout(600_000);
      node = await startNode({ featureGates: { PodAndContainerStatsFromCRI: fromCri } });
      node.run('busy', busyPod());
    });
    after(async () => node[Symbol.asyncDispose]());

    const busy = async (check: (pod: PodSummary) => void): Promise<void> =>
      eventually(async () => {
        const pod = (await summary(node.kubelet())).pods.find(({ podRef }) => podRef.name.startsWith('busy-'));
        if (pod === undefined) throw new Error('no figures of the pod yet');
        check(pod);
      }, 90_000);

    it('tells the CPU, memory and disk of containers', async () => {
      await busy(({ containers = [] }) => {
        expect(containers.map(({ name }) => name)).to.have.members(['main', 'other']);
        const main = containers.find(({ name }) => name === 'main');
        expect(main?.cpu?.usageCoreNanoSeconds).to.be.greaterThan(0);
        expect(main?.memory?.workingSetBytes).to.be.within(10_000, 64 * mib);
        expect(main?.rootfs?.usedBytes).to.be.within(3 * mib, 4 * mib);
        expect(main?.rootfs?.capacityBytes).to.be.greaterThan(0);
        expect(main?.logs?.usedBytes).to.be.within(1, mib);
        const other = containers.find(({ name }) => name === 'other');
        expect(other?.rootfs?.usedBytes).to.be.within(0, mib);
        expect(other?.memory?.workingSetBytes).to.be.greaterThan(10_000);
      });
    });

    it('tells what pods use, with their volumes', async () => {
      await busy((pod) => {
        expect(pod.cpu?.usageCoreNanoSeconds).to.be.greaterThan(0);
        // The volume in memory is the pod's.
        expect(pod.memory?.workingSetBytes).to.be.within(5 * mib, 100 * mib);
        if (fromCri) expect(pod.process_stats?.process_count).to.be.within(2, 50);
        else expect(pod.process_stats).to.equal(undefined);
        const volumes = new Map(pod.volume?.map(({ name, usedBytes }) => [name, usedBytes]));
        expect(volumes.get('disk')).to.be.within(4 * mib, 5 * mib);
        expect(volumes.get('memory')).to.be.within(5 * mib, 6 * mib);
        expect(pod['ephemeral-storage']?.usedBytes).to.be.within(7 * mib, 12 * mib);
      });
    });

    it('tells every figure that there is one of', async () => {
      await busy(({ containers = [], volume = [], podRef, ...pod }) => {
        for (const { name, ...container } of containers)
          expect(figuresIn(container), name).to.have.members(['startTime', ...figures.container]);
        for (const one of volume) expect(figuresIn(one), one.name).to.have.members(['name', ...figures.disk]);
        const of = fromCri ? figures.podFromCri : figures.podFromCgroups;
        expect(figuresIn(pod), podRef.name).to.have.members(['startTime', ...figures.pod, ...of]);
      });
    });

    it(fromCri ? 'tells what came over the network' : 'knows nothing of the network', async () => {
      await busy(({ network }) => {
        if (!fromCri) return expect(network).to.equal(undefined);
        expect(network?.name).to.equal('eth0');
        expect(network?.rxBytes).to.be.greaterThan(100);
        return expect(network?.txBytes).to.be.greaterThan(100);
      });
    });

    it('tells the disk of images', async () => {
      const { runtime } = (await summary(node.kubelet())).node;
      expect(runtime?.imageFs?.usedBytes).to.be.within(mib / 2, 100 * mib);
      expect(runtime?.imageFs?.capacityBytes).to.be.greaterThan(100 * mib);
    });

    it('tells its metrics of resources and of containers', async () => {
      const read = async (path: string) => (await fetch(`${node.kubelet().readOnlyUrl}${path}`)).text();
      await eventually(async () => {
        const resources = await read('/metrics/resource');
        for (const name of [
          'container_cpu_usage_seconds_total',
          'container_memory_working_set_bytes',
          'container_start_time_seconds',
        ])
          expect(resources).to.match(new RegExp(`^${name}\\{container="main",namespace="default",pod="busy-`, 'm'));
        expect(resources).to.match(/^pod_memory_working_set_bytes\{namespace="default",pod="busy-/m);
        expect(resources).to.match(/^resource_scrape_error 0$/m);
        const containers = await read('/metrics/cadvisor');
        expect(containers).to.match(/^container_memory_working_set_bytes\{[^}]*pod="busy-/m);
        if (fromCri) {
          expect(containers).to.match(/^container_network_receive_bytes_total\{[^}]*pod="busy-/m);
          expect(containers).to.match(/^container_memory_working_set_bytes\{container="main",[^}]*pod="busy-/m);
        }
      }, 60_000);
    });

    it('without a complaint', () => {
      expect(logLines(node.kubelet(), /code = (Internal|Unimplemented|Unknown)/)).to.deep.equal([]);
    });
  });
