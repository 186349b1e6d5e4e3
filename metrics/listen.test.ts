import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createMetrics } from './registry.ts';
import { serveMetrics } from './server.ts';
import type { MetricsServerOptions } from './server.ts';

describe('the address of metrics', () => {
  const dir = mkdtempSync(join(tmpdir(), 'cricket-metrics-'));
  const metrics = createMetrics('1');
  const common = { metrics, problems: () => [] };
  const serve = (options: Partial<MetricsServerOptions> & ({ host: string; port: number } | { socket: string })) =>
    serveMetrics({ ...common, ...options });
  after(() => rmSync(dir, { recursive: true }));

  it('serves a unix socket that root and its group may use', async () => {
    const socket = join(dir, 'metrics.sock');
    await using server = await serve({ socket });
    expect(server.port).to.equal(0);
    expect(statSync(socket).mode & 0o777).to.equal(0o660);
    expect((await ask({ socketPath: socket, path: '/metrics' })).body.toString()).to.contain('cricket_build_info');
  });

  it('serves TLS, and nothing in plain beside it', async () => {
    const { cert, key } = certificate();
    await using server = await serve({ host: '127.0.0.1', port: 0, tls: { cert, key } });
    const options = { host: '127.0.0.1', port: server.port, path: '/metrics', ca: cert };
    expect((await ask(options, secureRequest)).status).to.equal(200);
    const plain = await ask(options).catch((error: unknown) => error);
    expect(plain).to.be.instanceOf(Error);
  });

  it('names the setting when the certificate is none', async () => {
    const tls = { cert: 'none', key: 'none' };
    const refused: unknown = await serve({ host: '127.0.0.1', port: 0, tls }).catch((error: unknown) => error);
    expect(refused).to.have.property('message').that.contains('metrics.tls_cert_file');
  });

  it('asks for the token, but not where a probe looks', async () => {
    const pages = new Map([['/', () => ({ status: 200, type: 'text/html', body: 'page' })]]);
    await using server = await serve({ host: '127.0.0.1', port: 0, token: 'secret', pages });
    const to = (path: string, authorization?: string) =>
      ask({ port: server.port, path, headers: authorization === undefined ? {} : { authorization } });
    for (const path of ['/healthz', '/readyz']) expect((await to(path)).status, path).to.equal(200);
    for (const path of ['/metrics', '/', '/other'])
      for (const shown of [undefined, 'Bearer wrong', 'Basic secret', 'Bearer secret2'])
        expect((await to(path, shown)).status, `${path} ${shown ?? ''}`).to.equal(401);
    expect((await to('/metrics', 'Bearer secret')).status).to.equal(200);
    expect((await to('/', 'bearer secret')).body.toString()).to.equal('page');
  });

  it('packs what it sends where the scraper takes that, in either format', async () => {
    const forms: unknown[] = [];
    const containers = async (head: string, form: object) => {
      forms.push(form);
      return Promise.resolve(Buffer.from(head));
    };
    await using plain = await serve({ host: '127.0.0.1', port: 0 });
    await using full = await serve({ host: '127.0.0.1', port: 0, containers });
    const headers = { accept: 'application/openmetrics-text', 'accept-encoding': 'gzip, deflate' };
    const packed = await ask({ port: plain.port, path: '/metrics', headers });
    expect(packed.headers).to.include({ 'content-encoding': 'gzip', vary: 'accept, accept-encoding' });
    expect(packed.headers['content-type']).to.match(/^application\/openmetrics-text; version=1\.0\.0/);
    expect(gunzipSync(packed.body).toString()).to.match(
      /# TYPE cricket_image_pull_bytes counter\ncricket_image_pull_bytes_total 0\n[^]*# EOF\n$/,
    );
    await ask({ port: full.port, path: '/metrics', headers });
    await ask({ port: full.port, path: '/metrics', headers: { 'accept-encoding': 'gzip;q=0' } });
    expect(forms).to.deep.equal([
      { format: 'openmetrics', gzip: true },
      { format: 'prometheus', gzip: false },
    ]);
  });

  it('says so, and tells the rest, where containers cannot be looked at', async () => {
    const containers = () => Promise.reject(new Error('no figures today'));
    await using server = await serve({ host: '127.0.0.1', port: 0, containers });
    const { status, body } = await ask({ port: server.port, path: '/metrics' });
    expect(status).to.equal(200);
    expect(body.toString()).to.contain('\ncontainer_scrape_error 1\n').and.contain('cricket_build_info');
  });

  function certificate() {
    const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
    execFileSync('openssl', [...args, ...subject, '-out', cert, '-keyout', key], { stdio: 'ignore' });
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  }
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

async function ask(options: RequestOptions, by: typeof request = request): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const call = by(options, (response) => {
    const parts: Buffer[] = [];
    response.on('data', (part: Buffer) => parts.push(part));
    response.once('end', () =>
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
    );
  });
  call.once('error', reject);
  call.end();
  return promise;
}
