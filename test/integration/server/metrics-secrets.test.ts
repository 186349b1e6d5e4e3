import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { createMetrics } from '../../../metrics/registry.ts';
import { serveMetrics } from '../../../metrics/server.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { Watcher } from '../../../src/linux/watcher.ts';
import { eventually } from '../../fixtures/pods.ts';
import { readSecrets, renewSecrets } from '../../../src/server/wiring/metrics-secrets.ts';

describe('certificate and token of metrics', () => {
  let dir: string;
  before(() => (dir = mkdtempSync(join(tmpdir(), 'cricket-secrets-'))));
  after(() => rmSync(dir, { recursive: true }));

  /** As a kubelet lays a secret out: files are links through `..data`, which is turned round at once. */
  function write(version: string, token: string): void {
    const at = join(dir, version);
    mkdirSync(at);
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
    const files = ['-out', join(at, 'tls.crt'), '-keyout', join(at, 'tls.key')];
    execFileSync('openssl', [...args, '-subj', `/CN=${version}`, ...files], { stdio: 'ignore' });
    writeFileSync(join(at, 'token'), `${token}\n`);
    symlinkSync(version, join(dir, '..next'));
    renameSync(join(dir, '..next'), join(dir, '..data'));
  }

  it('are read again when they are replaced, and stay where what comes cannot be used', async () => {
    write('first', 'one');
    for (const name of ['tls.crt', 'tls.key', 'token']) symlinkSync(`..data/${name}`, join(dir, name));
    const [tlsCertFile, tlsKeyFile, tokenFile] = ['tls.crt', 'tls.key', 'token'].map((name) => join(dir, name)) as [
      ...[string, string, string],
    ];
    const settings = { tlsCertFile, tlsKeyFile, tokenFile };
    const secrets = await readSecrets(settings);
    const common = { metrics: createMetrics('1'), problems: () => [] };
    await using server = await serveMetrics({ host: '127.0.0.1', port: 0, ...common, ...secrets });
    await using watcher = new Watcher();
    const warned: unknown[] = [];
    const log = silentLogger();
    log.warn = (fields: unknown) => void warned.push(fields);
    using _renewing = await renewSecrets(settings, { secrets, server, watcher, log });
    const ask = (token: string) => statusAndName(server.port, token);
    expect(await ask('one')).to.deep.equal([200, 'first']);

    write('second', 'two');
    await eventually(async () => expect(await ask('two')).to.deep.equal([200, 'second']));
    expect(await ask('one'), 'the old token').to.deep.equal([401, 'second']);
    expect(warned).to.deep.equal([]);

    // A key that is not the certificate's, and a token that is none.
    writeFileSync(join(dir, 'second/tls.key'), readFileSync(join(dir, 'first/tls.key')));
    symlinkSync('second', join(dir, '..next'));
    renameSync(join(dir, '..next'), join(dir, '..data'));
    await eventually(() => expect(warned).to.not.deep.equal([]));
    expect(await ask('two')).to.deep.equal([200, 'second']);
    write('third', '');
    await eventually(() => expect(JSON.stringify(warned)).to.contain('is empty'));
    expect(await ask('two')).to.deep.equal([200, 'second']);
    expect(await ask('')).to.deep.equal([401, 'second']);
  });
});

async function statusAndName(port: number, token: string): Promise<readonly [number | undefined, unknown]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly [number | undefined, unknown]>();
  const headers = { authorization: `Bearer ${token}` };
  const call = request({ port, path: '/metrics', headers, rejectUnauthorized: false, agent: false }, (response) => {
    const { socket } = response;
    const name = socket instanceof TLSSocket ? socket.getPeerCertificate().subject.CN : undefined;
    response.resume().once('end', () => resolve([response.statusCode, name]));
  });
  call.once('error', reject);
  call.end();
  return promise;
}
