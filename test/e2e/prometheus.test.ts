import { expect } from 'chai';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cadvisorSeries } from '../fixtures/cadvisor.ts';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { eventually, runContainer, runPod } from '../fixtures/pods.ts';
import { freePort, startPrometheus } from '../fixtures/prometheus.ts';
import type { Prometheus } from '../fixtures/prometheus.ts';

const pods = 20;
const scrapeFiles = join(import.meta.dirname, '../../metrics/scrape');
const mixin = cadvisorSeries.filter((series) => series.mixin);
/** What every panel of kubernetes-mixin that is fed by containers asks for. */
const job = 'job="kubelet",metrics_path="/metrics/cadvisor"';

/** promtool's opinion of names that are cAdvisor's: dashboards know them as they are. Nine at most. */
const cadvisorsOwn = ['container_fs_inodes_total', 'container_hugetlb_failcnt', 'container_memory_failcnt'];

describe('prometheus', function () {
  this.timeout(60_000);
  const scope = new AsyncDisposableStack();
  let cricket: Cricket;
  let prometheus: Prometheus;
  let address: string;

  before(async () => {
    const dir = mkdtempSync(join(tmpdir(), 'cricket-prometheus-'));
    scope.defer(() => rmSync(dir, { recursive: true }));
    address = `127.0.0.1:${await freePort()}`;
    cricket = await startCricket({ config: `metrics.address = "${address}"` });
    scope.defer(async () => cricket.stop());
    const resources = { cpuQuota: 50_000n, cpuPeriod: 100_000n, memoryLimitInBytes: 64n << 20n };
    const command = ['sh', '-c', `while :; do dd if=/dev/zero of=/x bs=64k count=4 oflag=direct; sleep 0.2; done`];
    for (let n = 0; n < pods; n++) {
      const pod = await runPod(cricket, { name: `pod-${n}`, namespace: 'shop' });
      await runContainer(cricket, pod, { name: 'main', command, resources });
    }
    const config = readFileSync(join(scrapeFiles, 'prometheus.yml'), 'utf8').replace('127.0.0.1:9464', address);
    prometheus = scope.use(
      await startPrometheus(join(dir, 'prometheus'), `global: { scrape_interval: 1s }\n${config}`),
    );
  });
  after(async () => scope.disposeAsync());

  const scraped = async () => (await fetch(`http://${address}/metrics`)).text();

  it('finds every series of the mixin by job, path, namespace, pod and container, once', async () => {
    for (const { name, scope: of } of mixin) {
      const who = `namespace="shop",pod="pod-7",container="${of === 'pod' ? 'POD' : 'main'}"`;
      const found = await eventually(async () => {
        const all = await prometheus.query(`${name}{${job},${who}}`);
        if (all.length === 0) throw new Error(`no ${name}`);
        return all;
      }, 20_000);
      // One for each block device.
      if (!name.startsWith('container_fs_')) expect(found, name).to.have.length(1);
      expect(found[0]?.metric['node'], name).to.equal('node-1');
    }
    const names = mixin.map(({ name }) => name).join('|');
    const by = '__name__, namespace, pod, container, device, interface';
    expect(await prometheus.query(`count by (${by}) ({__name__=~"${names}"}) > 1`)).to.deep.equal([]);
  });

  it('finds what the panels of the mixin ask, for all pods', async () => {
    const asked = [
      `sum by (namespace, pod, container) (irate(container_cpu_usage_seconds_total{${job},image!=""}[1m]))`,
      `container_memory_working_set_bytes{${job},image!=""}`,
      `sum by (namespace, pod) (irate(container_network_receive_bytes_total{${job},namespace=~".+"}[1m]))`,
      `sum by (namespace, pod) (rate(container_fs_writes_total{${job},device=~"(/dev.+)",container!=""}[1m])) > 0`,
      `sum by (pod) (increase(container_cpu_cfs_periods_total{${job},container!=""}[1m])) > 0`,
    ];
    for (const query of asked)
      await eventually(async () => expect(await prometheus.query(query), query).to.have.length(pods), 30_000);
  });

  it("keeps the daemon's own series under its own job", async () => {
    await eventually(async () => {
      const [info] = await prometheus.query('cricket_build_info{job="cricket",node="node-1"}');
      expect(info?.value).to.equal(1);
    });
    const count = await prometheus.query('sum(cricket_containers{state="running"})');
    expect(count[0]?.value).to.equal(pods);
    const pulled = 'cricket_rpc_total{method="StartContainer",code="ok"}';
    expect((await prometheus.query(pulled))[0]?.value).to.equal(pods);
  });

  it('takes the text without complaint, but for names that are cAdvisor’s', async () => {
    const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: await scraped(),
      encoding: 'utf8',
    });
    const named = `${stdout}${stderr}`.split('\n').flatMap((line) => line.split(' ')[0] || []);
    expect(named.sort()).to.deep.equal(cadvisorsOwn);
  });

  it('has rules that are the same for a Prometheus of files and for the operator', () => {
    execFileSync('promtool', ['check', 'config', join(scrapeFiles, 'prometheus.yml')]);
    const rules = (file: string, from: RegExp) => {
      const [, tail = ''] = readFileSync(join(scrapeFiles, file), 'utf8').split(from);
      const fields = tail.matchAll(/^ *-? *(?:source_?labels|regex|target_?label|replacement): (.*)$/gim);
      return [...fields].map(([, value]) => value);
    };
    const ours = rules('prometheus.yml', /metric_relabel_configs:/);
    expect(ours).to.have.length(8);
    expect(rules('scrapeconfig.yaml', /metricRelabelings:/)).to.deep.equal(ours);
  });
});
