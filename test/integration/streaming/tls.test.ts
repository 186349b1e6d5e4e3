import { expect } from 'chai';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { makeCertificate } from '../../fixtures/images/certificate.ts';
import { openLocalStreaming } from './local-targets.ts';
import { connectChannels } from './websocket-client.ts';

describe('streaming: TLS', () => {
  const dir = mkdtempSync(join(tmpdir(), 'cricket-tls-'));
  const [first, second] = [makeCertificate(join(dir, 'first')), makeCertificate(join(dir, 'second'))];
  const certificate = { certFile: join(dir, 'cert.pem'), keyFile: join(dir, 'key.pem') };
  after(() => rmSync(dir, { recursive: true }));
  const use = ({ certFile, keyFile }: typeof first) => {
    copyFileSync(certFile, certificate.certFile);
    copyFileSync(keyFile, certificate.keyFile);
  };

  /** The fingerprint that a client sees. */
  async function shown(url: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false });
    socket.once('secureConnect', () => resolve(socket.getPeerCertificate().fingerprint256));
    socket.once('error', reject);
    const fingerprint = await promise;
    socket.destroy();
    return fingerprint;
  }

  it('shows a certificate that was replaced to the next client, and keeps the old one while a new one is no good', async () => {
    use(first);
    await using local = await openLocalStreaming({ certificate });
    const url = await local.exec('echo over TLS');
    expect(url).to.match(/^https:/);
    const before = await shown(url);
    const open = await connectChannels(await local.exec('exec cat', { stdin: true }), 'v5.channel.k8s.io');
    copyFileSync(second.certFile, certificate.certFile);
    expect(await shown(await local.exec('true')), 'half of a new pair').to.equal(before);
    use(second);
    const now = await shown(await local.exec('true'));
    expect(now).not.to.equal(before);
    writeFileSync(certificate.certFile, 'nonsense');
    expect(await shown(await local.exec('true')), 'nonsense').to.equal(now);
    rmSync(certificate.keyFile);
    expect(await shown(await local.exec('true')), 'nothing').to.equal(now);
    open.send(0, 'still open');
    open.socket.send(Buffer.from([255, 0]));
    expect(await open.closed).to.equal(1000);
    expect(open.text(1)).to.equal('still open');
    const client = await connectChannels(url, 'v5.channel.k8s.io');
    await client.closed;
    expect(client.text(1)).to.equal('over TLS\n');
  });

  it('ends although a client never comes to the end of its handshake', async function () {
    this.timeout(5_000);
    use(first);
    const local = await openLocalStreaming({ certificate });
    const socket = connectPlain(Number(new URL(await local.exec('true')).port), '127.0.0.1').resume();
    await once(socket, 'connect');
    await local[Symbol.asyncDispose]();
    if (!socket.destroyed) await once(socket, 'close');
  });

  it('counts who speaks no TLS as refused', async () => {
    use(first);
    await using local = await openLocalStreaming({ certificate });
    const socket = connectPlain(Number(new URL(await local.exec('true')).port), '127.0.0.1').resume();
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await once(socket, 'close');
    const text = await local.metrics.registry.metrics();
    expect(text).to.include('cricket_streaming_refused_total{cause="handshake"} 1');
  });

  it('does not start with what is no certificate', async () => {
    writeFileSync(certificate.certFile, 'nonsense');
    const failed = await openLocalStreaming({ certificate }).catch(String);
    expect(failed).to.match(/streaming certificate .* with key .*; give a PEM certificate and its key/);
  });
});
