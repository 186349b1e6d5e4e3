import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { eventually, removePod, runContainer, runPod } from '../fixtures/pods.ts';
import type { TestContainer } from '../fixtures/pods.ts';
import { freePort, startPrometheus } from '../fixtures/prometheus.ts';
import type { Prometheus } from '../fixtures/prometheus.ts';
import { hog, hogLimit } from '../integration/events/hogs.ts';
import { execIn } from '../integration/sandbox/lab.ts';

const metrics = join(import.meta.dirname, '../../metrics');
const kills = 'container_oom_events_total{namespace="shop",pod="till",container="main"}';

describe('an OOM kill, seen from Prometheus', function () {
  this.timeout(90_000);
  const scope = new AsyncDisposableStack();
  let cricket: Cricket;
  let prometheus: Prometheus;
  let container: TestContainer;

  before(async () => {
    const dir = mkdtempSync(join(tmpdir(), 'cricket-oom-alert-'));
    scope.defer(() => rmSync(dir, { recursive: true }));
    const address = `127.0.0.1:${await freePort()}`;
    cricket = await startCricket({ config: `metrics.address = "${address}"` });
    scope.defer(async () => cricket.stop());
    const pod = await runPod(cricket, { name: 'till', namespace: 'shop' });
    container = await runContainer(cricket, pod, { name: 'main', resources: hogLimit });
    const scrape = readFileSync(join(metrics, 'scrape/prometheus.yml'), 'utf8').replace('127.0.0.1:9464', address);
    const rules = ['recording.yml', 'alerts.yml'].map((file) => join(metrics, 'alerts', file));
    const head = `global: { scrape_interval: 1s, evaluation_interval: 1s }\nrule_files: ${JSON.stringify(rules)}\n`;
    prometheus = scope.use(await startPrometheus(join(dir, 'prometheus'), head + scrape));
  });
  after(async () => scope.disposeAsync());

  const value = async () => {
    const found = await prometheus.query(kills);
    expect(found, kills).to.have.length(1);
    return found[0]?.value;
  };

  it('is counted from 0 on, and found by the name of its pod', async () => {
    await eventually(async () => expect(await value()).to.equal(0), 20_000);
    expect((await execIn(cricket, container, ['sh', '-c', hog()])).code).to.equal(137);
    await eventually(async () => expect(await value()).to.equal(1), 20_000);
  });

  it('makes the alert fire', async () => {
    const query = 'ALERTS{alertname="CricketContainerOomKilled",alertstate="firing"}';
    const [alert, ...more] = await eventually(async () => {
      const found = await prometheus.query(query);
      expect(found).to.have.length(1);
      return found;
    }, 30_000);
    expect(more).to.deep.equal([]);
    expect(alert?.metric).to.include({ namespace: 'shop', pod: 'till', container: 'main' });
  });

  it('stays counted when the container, its pod and the daemon are gone', async () => {
    await removePod(cricket, container.pod.id);
    await cricket.restart();
    const at = Date.now() / 1000;
    await eventually(async () => {
      const found = await prometheus.query(`timestamp(${kills}) > ${at}`);
      expect(found, 'scraped since').to.have.length(1);
    }, 30_000);
    expect(await value()).to.equal(1);
  });
});
