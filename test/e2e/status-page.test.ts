import { expect } from 'chai';
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBrowser } from '../fixtures/chromium.ts';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { freePort } from '../fixtures/prometheus.ts';
import { eventually, exited, runContainer, runPod } from '../fixtures/pods.ts';

const hostile = '<script>alert(1)</script>"\'&\u202e';

/** The status page, /healthz and /readyz of a daemon with pods, as a browser and a probe meet them. */
describe('the status page', function () {
  this.timeout(60_000);
  const programs = mkdtempSync(join(tmpdir(), 'cricket-status-'));
  const conmon = join(programs, 'conmon');
  let cricket: Cricket;
  let url: string;
  before(async () => {
    copyFileSync('/usr/bin/conmon', conmon);
    const port = await freePort();
    url = `http://127.0.0.1:${port}/`;
    cricket = await startCricket({ config: `metrics.address = "127.0.0.1:${port}"\nconmon.path = "${conmon}"` });
    const pod = await runPod(cricket, { name: 'front', namespace: 'shop', uid: 'u1' });
    await runContainer(cricket, pod, { name: 'busy', command: ['sh', '-c', 'while :; do :; done'] });
    const evil = await runPod(cricket, {
      name: hostile,
      namespace: 'shop',
      uid: 'u2',
      hostname: 'evil',
      logDirectory: join(cricket.logs, 'evil'),
    });
    await runContainer(cricket, evil, { name: 'plain' });
    const oom = await runContainer(cricket, pod, {
      ...{ name: 'hungry', command: ['sh', '-c', 'x=$(head -c 60000000 /dev/zero | tr "\\0" x); echo $x'] },
      resources: { memoryLimitInBytes: 24n * 1024n * 1024n },
    });
    expect((await exited(cricket, oom.id)).reason).to.equal('OOMKilled');
  });
  after(async () => {
    await cricket.stop();
    rmSync(programs, { recursive: true });
  });

  const get = async (path: string, method = 'GET') => {
    const response = await fetch(url + path, { method });
    return { status: response.status, headers: response.headers, body: await response.text() };
  };

  it('is one document with a policy that lets nothing else in', async () => {
    const { status, headers, body } = await get('');
    expect([status, headers.get('content-type')]).to.deep.equal([200, 'text/html; charset=utf-8']);
    expect(headers.get('content-security-policy'))
      .to.match(/^default-src 'none';/)
      .and.not.contain('unsafe');
    expect(headers.get('cache-control')).to.equal('no-store');
    expect(body)
      .to.match(/^<!doctype html>/)
      .and.not.match(/(src|href)="?https?:/);
    expect(body).to.contain('&lt;script&gt;alert(1)').and.not.contain('<script>alert');
    expect((await get('', 'HEAD')).body).to.equal('');
  });

  it('lives in a browser: plots that grow, text for names, nothing asked for but itself', async () => {
    await using page = await openBrowser();
    await page.open(url);
    const text = (selector: string) =>
      page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.textContent`);
    expect(await text('main'))
      .to.contain('Ready: pods can run here.')
      .and.contain('shop/front')
      .and.contain('busy');
    expect(await text('main')).to.contain('<script>alert(1)</script>"\'&');
    expect(await page.evaluate("document.querySelectorAll('main script').length")).to.equal(0);
    const points = async () =>
      Number(
        await page.evaluate("(document.querySelector('.cpu .line').getAttribute('d').match(/[ML]/g) ?? []).length"),
      );
    const first = await points();
    await eventually(async () => expect(await points()).to.be.greaterThan(Math.max(first, 2)), 20_000);
    const busy = await page.evaluate(
      "[...document.querySelectorAll('tr')].find((r) => r.cells[0].textContent === 'busy').cells[2].textContent",
    );
    expect(parseFloat(String(busy))).to.be.greaterThan(5);
    const asked = page.requests.filter((each) => !each.startsWith('data:'));
    expect(new Set(asked)).to.deep.equal(new Set([url, `${url}status`]));
    expect(page.complaints).to.deep.equal([]);
  });

  it('can be read by who does not see it, and stands still when told', async () => {
    await using page = await openBrowser();
    await page.open(url);
    const unnamed =
      "[...document.querySelectorAll('svg, button')].filter((e) => !(e.getAttribute('aria-label') || e.textContent)).length";
    expect(await page.evaluate(unnamed)).to.equal(0);
    expect(
      await page.evaluate(
        "[...document.querySelectorAll('table')].every((t) => t.caption && t.querySelector('th[scope]'))",
      ),
    ).to.equal(true);
    expect(await page.evaluate('document.documentElement.lang')).to.equal('en');
    await page.evaluate("document.querySelector('button').click()");
    expect(await page.evaluate("document.querySelector('button').getAttribute('aria-pressed')")).to.equal('true');
  });

  it('shows the last OOM kills and events', async () => {
    const { body } = await get('status');
    expect(body)
      .to.match(/container oom[^]*shop\/front\/hungry/)
      .and.match(/container start[^]*shop\/front\/busy/);
  });

  it('says, as /readyz does, why no pod can run, and that it is mended', async () => {
    expect(await get('readyz')).to.include({ status: 200, body: 'ok\n' });
    chmodSync(conmon, 0o644);
    const reason = `monitor: ${conmon} is no program that can be run; cricket check tells what to install`;
    expect(await get('readyz')).to.include({ status: 503, body: `${reason}\n` });
    expect((await get('status')).body)
      .to.contain('Not ready')
      .and.contain(reason);
    expect(await get('healthz')).to.include({ status: 200, body: 'ok\n' });
    chmodSync(conmon, 0o755);
    expect(await get('readyz')).to.include({ status: 200, body: 'ok\n' });
  });
});
