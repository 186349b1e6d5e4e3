import { expect } from 'chai';
import { createMetrics } from './registry.ts';
import { serveMetrics } from './server.ts';
import type { Page } from './server.ts';

describe('serveMetrics', () => {
  it('tells series, health and readiness', async () => {
    const metrics = createMetrics('1.2.3');
    const problems = ['recovery is under way'];
    await using server = await serveMetrics({ host: '127.0.0.1', port: 0, metrics, problems: () => problems });
    const get = async (path: string, method = 'GET') => {
      const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
      return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
    };
    metrics.rpc.total.inc({ method: 'Version', code: 'ok' }, 3);
    metrics.rpc.seconds.observe({ method: 'Version' }, 0.002);
    const scraped = await get('/metrics');
    expect(scraped.type).to.contain('version=0.0.4');
    expect(scraped.body).to.contain('cricket_rpc_total{method="Version",code="ok"} 3');
    expect(scraped.body).to.contain(`cricket_build_info{version="1.2.3",node="${process.versions.node}"} 1`);
    expect(scraped.body)
      .to.match(/^process_resident_memory_bytes [1-9]\d+$/m)
      .and.match(/^process_cpu_seconds_total 0?\.?\d/m);
    expect(await get('/healthz')).to.include({ status: 200, body: 'ok\n' });
    expect(await get('/readyz')).to.include({ status: 503, body: 'recovery is under way\n' });
    problems.pop();
    expect(await get('/readyz?verbose')).to.include({ status: 200, body: 'ok\n' });
    expect((await get('/')).status).to.equal(404);
    expect((await get('/metrics', 'POST')).status).to.equal(405);
    expect(await get('/healthz', 'HEAD')).to.include({ status: 200, body: '' });
  });

  it('serves further pages beside its own', async () => {
    const metrics = createMetrics('1');
    const pages = new Map<string, Page>([
      [
        '/hello',
        (query) => ({
          status: 200,
          type: 'text/html',
          body: query.get('name') ?? '',
          headers: { 'cache-control': 'no-store' },
        }),
      ],
      ['/broken', () => Promise.reject(new Error('no page today'))],
    ]);
    await using server = await serveMetrics({ host: '127.0.0.1', port: 0, metrics, problems: () => [], pages });
    const get = (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`);
    const hello = await get('/hello?name=a%20b');
    expect([hello.status, hello.headers.get('cache-control'), await hello.text()]).to.deep.equal([
      ...[200, 'no-store', 'a b'],
    ]);
    const broken = await get('/broken');
    expect([broken.status, await broken.text()]).to.deep.equal([500, 'no page today\n']);
  });

  it('names an address that is taken', async () => {
    const metrics = createMetrics('1');
    await using server = await serveMetrics({ host: '127.0.0.1', port: 0, metrics, problems: () => [] });
    const again = serveMetrics({ host: '127.0.0.1', port: server.port, metrics, problems: () => [] });
    const error: unknown = await again.catch((reason: unknown) => reason);
    expect(error)
      .to.have.property('message')
      .that.contains(`metrics on 127.0.0.1:${server.port}`)
      .and.contains('EADDRINUSE');
  });
});
