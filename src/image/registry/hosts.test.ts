import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { endpointsOf } from './hosts.ts';
import { isLoopback } from './loopback.ts';

describe('endpointsOf', () => {
  let certsDir = '';
  beforeEach(async () => {
    certsDir = await mkdtemp(join(tmpdir(), 'cricket-hosts-'));
  });
  afterEach(() => rm(certsDir, { recursive: true }));

  const options = () => ({ certsDir, plainHttpHosts: ['plain.io', 'port.io:81'] });
  const bases = async (registry: string) => (await endpointsOf(registry, options())).map(({ base }) => base.href);
  const write = async (host: string, text: string) => {
    await mkdir(join(certsDir, host), { recursive: true });
    await writeFile(join(certsDir, host, 'hosts.toml'), text);
  };

  it('speaks https, but plain http to loopback and where told to', async () => {
    expect(await bases('quay.io')).to.deep.equal(['https://quay.io/v2']);
    expect(await bases('docker.io')).to.deep.equal(['https://registry-1.docker.io/v2']);
    expect(await bases('127.0.0.1:5000')).to.deep.equal(['http://127.0.0.1:5000/v2']);
    expect(await bases('[::1]:5000')).to.deep.equal(['http://[::1]:5000/v2']);
    expect(await bases('plain.io:8080')).to.deep.equal(['http://plain.io:8080/v2']);
    expect(await bases('port.io:81')).to.deep.equal(['http://port.io:81/v2']);
    expect(await bases('port.io:82')).to.deep.equal(['https://port.io:82/v2']);
  });

  it('asks the mirrors in their order, then the registry', async () => {
    await write('quay.io', '[host."https://one"]\n[host."http://two:5000/sub"]\n[host."three"]\n');
    expect(await bases('quay.io')).to.deep.equal([
      'https://one/v2',
      'http://two:5000/sub/v2',
      'https://three/v2',
      'https://quay.io/v2',
    ]);
  });

  it('reads every field', async () => {
    await mkdir(join(certsDir, 'quay.io'), { recursive: true });
    for (const name of ['ca.pem', 'c.pem', 'k.pem']) await writeFile(join(certsDir, 'quay.io', name), name);
    await write(
      'quay.io',
      `server = "https://upstream/base"\nca = "ca.pem"\n[host."https://m/api/v3"]\ncapabilities = ["pull"]\n` +
        `override_path = true\nskip_verify = true\nclient = [["c.pem", "k.pem"]]\nheader = { X-A = ["1", "2"] }\n`,
    );
    const [mirror, server] = await endpointsOf('quay.io', options());
    expect(mirror?.base.href).to.equal('https://m/api/v3');
    expect([...(mirror?.capabilities ?? [])]).to.deep.equal(['pull']);
    expect(mirror?.headers).to.deep.equal({ 'x-a': '1, 2' });
    expect(mirror?.tls).to.deep.equal({ ca: [], clients: [{ cert: 'c.pem', key: 'k.pem' }], skipVerify: true });
    expect(mirror?.upstream).to.equal(false);
    expect(server?.base.href).to.equal('https://upstream/base/v2');
    expect(server?.tls.ca).to.deep.equal(['ca.pem']);
    expect(server?.upstream).to.equal(true);
  });

  it("uses _default for hosts without a directory of their own, and containerd's spelling of a port", async () => {
    await write('_default', '[host."https://cache"]\n');
    await write('reg.io_5000_', '[host."https://special"]\n');
    expect(await bases('quay.io')).to.deep.equal(['https://cache/v2', 'https://quay.io/v2']);
    expect(await bases('reg.io:5000')).to.deep.equal(['https://special/v2', 'https://reg.io:5000/v2']);
  });

  it('sees a change at once', async () => {
    expect(await bases('quay.io')).to.have.length(1);
    await write('quay.io', '[host."https://one"]\n');
    expect(await bases('quay.io')).to.have.length(2);
  });

  for (const text of ['server = 1', 'not toml', '[host."ftp://x"]', 'ca = "absent.pem"'])
    it(`names the file for ${text}`, async () => {
      await write('quay.io', text);
      const error: unknown = await endpointsOf('quay.io', options()).catch((caught: unknown) => caught);
      expect(error).to.have.property('code', 'failed_precondition');
      expect(error).to.have.property('message').that.contains(join(certsDir, 'quay.io'));
    });

  it('knows loopback from what looks like it', () => {
    expect(['localhost', '127.0.0.1', '127.9.9.9', '[::1]'].every(isLoopback)).to.equal(true);
    expect(['127.evil.io', 'localhost.evil.io', '128.0.0.1', '127.0.0.1.evil.io'].some(isLoopback)).to.equal(false);
  });

  it('speaks TLS with a loopback registry that has certificates in the older form', async () => {
    const folder = join(certsDir, '127.0.0.1:5000');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'ca.crt'), 'CA');
    const [server] = await endpointsOf('127.0.0.1:5000', options());
    expect(server?.base.href).to.equal('https://127.0.0.1:5000/v2');
    expect(server?.tls.ca).to.deep.equal(['CA']);
  });

  it('reads how long a connection may take', async () => {
    await write('slow.example', 'dial_timeout = "1.5s"\n[host."https://m.example"]\n dial_timeout = "200ms"\n');
    const times = (await endpointsOf('slow.example', options())).map(({ connectMs }) => connectMs);
    expect(times).to.deep.equal([200, 1500]);
  });
});
