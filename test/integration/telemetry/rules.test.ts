import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { eventually, runContainer, runPod } from '../../fixtures/pods.ts';
import { freePort, startPrometheus } from '../../fixtures/prometheus.ts';
import type { Prometheus } from '../../fixtures/prometheus.ts';
import { dashboards, metricsFolder, namesIn, panelExpressions, ruleExpressions } from './panels.ts';

const alerts = ruleExpressions('alerts.yml');
const recordings = ruleExpressions('recording.yml');
const promtool = (...args: readonly string[]) =>
  execFileSync('promtool', args, { cwd: join(metricsFolder, 'alerts'), encoding: 'utf8' });
const tests = globSync('tests/*.yml', { cwd: join(metricsFolder, 'alerts') });

describe('rules and dashboards', function () {
  this.timeout(60_000);
  const scope = new AsyncDisposableStack();
  let cricket: Cricket;
  let address: string;
  let prometheus: Prometheus;
  before(async () => {
    const dir = mkdtempSync(join(tmpdir(), 'cricket-rules-'));
    scope.defer(() => rmSync(dir, { recursive: true }));
    address = `127.0.0.1:${await freePort()}`;
    cricket = await startCricket({ config: `metrics.address = "${address}"` });
    scope.defer(async () => cricket.stop());
    const pod = await runPod(cricket, { name: 'web', namespace: 'shop' });
    const resources = { cpuQuota: 50_000n, cpuPeriod: 100_000n, memoryLimitInBytes: 64n << 20n };
    const command = ['sh', '-c', 'while :; do dd if=/dev/zero of=/x bs=64k count=4 oflag=direct; sleep 0.2; done'];
    await runContainer(cricket, pod, { name: 'main', command, resources });
    const scrape = readFileSync(join(metricsFolder, 'scrape/prometheus.yml'), 'utf8');
    const rules = ['recording', 'alerts'].map((name) => join(metricsFolder, `alerts/${name}.yml`));
    const config = `global: { scrape_interval: 1s, evaluation_interval: 1s }\nrule_files: ${JSON.stringify(rules)}\n`;
    const job = scrape.replace('127.0.0.1:9464', address);
    prometheus = scope.use(await startPrometheus(join(dir, 'prometheus'), `${config}${job}`));
  });
  after(async () => scope.disposeAsync());

  it('are what promtool takes, and do what their tests say', () => {
    expect(promtool('check', 'rules', 'alerts.yml', 'recording.yml')).to.contain(`${alerts.length} rules found`);
    expect(promtool('test', 'rules', ...tests)).not.to.contain('FAILED');
  });

  it('have a test for every alert', () => {
    const told = tests.map((file) => readFileSync(join(metricsFolder, 'alerts', file), 'utf8')).join('\n');
    expect(alerts.map(({ name }) => name).filter((name) => !told.includes(name))).to.deep.equal([]);
  });

  it('are dashboards that Grafana takes: panels in a grid, each with an id, variables for all that is asked', () => {
    for (const { panels, templating, uid, file } of dashboards()) {
      expect(uid, file).to.match(/^cricket-/);
      expect(new Set(panels.map(({ id }) => id)).size, file).to.equal(panels.length);
      for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).to.be.at.most(24);
      const known = templating.list.map(({ name }) => name);
      const used = JSON.stringify(panels).match(/(?<=\$\{?)[a-z]\w*/g) ?? [];
      expect(known).to.include.members([...new Set(used)]);
    }
  });

  it('ask of series only that there are, or that a rule records', async () => {
    const text = await (await fetch(`http://${address}/metrics`)).text();
    const families = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
      type === 'histogram' ? [name, ...['bucket', 'sum', 'count'].map((part) => `${name}_${part}`)] : [name],
    );
    // Of cAdvisor's, but this machine's cgroups or disks may not have them at this moment.
    const elsewhere = ['container_fs_usage_bytes'];
    const known = new Set([...families, ...recordings.map(({ name }) => name), 'up', ...elsewhere]);
    const all = [...panelExpressions({}), ...alerts, ...recordings];
    const unknown = all.flatMap((each) =>
      namesIn(each)
        .filter((name) => !known.has(name))
        .map((name) => `${each.where}: ${name}`),
    );
    expect(all.length).to.be.greaterThan(80);
    expect(unknown).to.deep.equal([]);
  });

  it('show a pod and a node in every panel whose matter there is', async () => {
    const variables = { node: '.*', namespace: 'shop', pod: 'web', datasource: '' };
    // Rates and histograms of what has not happened here; restarts are looked at twice a minute only.
    const quiet =
      /Image pulls|Received from registries|CNI plugins|Errors|OOM kills, 1 h|Leaks|Waiting|Writable|Disks|Queues|Findings|Streaming|Restarts/;
    await eventually(async () => {
      const empty: string[] = [];
      for (const { where, text } of panelExpressions(variables))
        if ((await prometheus.query(text)).length === 0 && !quiet.test(where)) empty.push(where);
      expect(empty).to.deep.equal([]);
    }, 30_000);
  });

  it('tell of a real OOM kill by the name of its pod', async () => {
    const pod = await runPod(cricket, { name: 'hungry', namespace: 'shop' });
    const command = ['sh', '-c', 'x=$(head -c 60000000 /dev/zero | tr "\\0" x); echo $x'];
    await runContainer(cricket, pod, { name: 'eater', command, resources: { memoryLimitInBytes: 24n << 20n } });
    const [alert] = await eventually(async () => {
      const found = await prometheus.query('ALERTS{alertname="CricketContainerOomKilled", pod="hungry"}');
      if (found.length === 0) throw new Error('no alert');
      return found;
    }, 30_000);
    expect(alert?.metric).to.include({ alertstate: 'firing', namespace: 'shop', container: 'eater', node: 'node-1' });
    expect(await prometheus.query('ALERTS{alertname="CricketContainerOomKilled", pod!="hungry"}')).to.deep.equal([]);
  });
});
