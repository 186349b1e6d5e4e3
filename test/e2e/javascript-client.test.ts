import { Exec, KubeConfig, PortForward } from '@kubernetes/client-node';
import type { V1Status } from '@kubernetes/client-node';
import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import type { Readable } from 'node:stream';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { makeCertificate } from '../fixtures/images/certificate.ts';
import { eventually, runContainer, runPod } from '../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../fixtures/pods.ts';
import { serveApi } from './javascript-client/api.ts';
import type { Api } from './javascript-client/api.ts';

/** Keeps what is written to it. */
class Kept extends Writable {
  readonly chunks: Buffer[] = [];
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.chunks.push(Buffer.from(chunk));
    done();
  }
  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }
}

for (const tls of [false, true]) {
  describe(`the Kubernetes client for JavaScript${tls ? ', over TLS' : ''}`, function () {
    this.timeout(30_000);
    const dir = mkdtempSync(join(tmpdir(), 'cricket-js-'));
    let cricket: Cricket;
    let api: Api;
    let pod: TestPod;
    let container: TestContainer;
    let config: KubeConfig;
    before(async () => {
      const { certFile, keyFile } = makeCertificate(dir);
      const settings = tls ? `[streaming]\ntls_cert_file = "${certFile}"\ntls_key_file = "${keyFile}"\n` : '';
      cricket = await startCricket({ config: settings });
      pod = await runPod(cricket, { name: 'js' });
      container = await runContainer(cricket, pod, {
        name: 'main',
        command: [
          'sh',
          '-c',
          'while :; do nc -l -p 8080 -e cat; done & trap "exit 0" TERM; while :; do sleep 3600 & wait; done',
        ],
      });
      api = await serveApi(cricket, { pod: pod.id, container: container.id });
      config = new KubeConfig();
      config.loadFromClusterAndUser({ name: 'node', server: api.url, skipTLSVerify: true }, { name: 'root' });
    });
    after(async () => {
      await api.close();
      await cricket.stop();
      rmSync(dir, { recursive: true });
    });

    async function exec(command: string | string[], options: { stdin?: Readable; tty?: boolean } = {}) {
      const [out, err] = [new Kept(), new Kept()];
      const { promise, resolve } = Promise.withResolvers<V1Status>();
      const { stdin = null, tty = false } = options;
      const socket = await new Exec(config).exec(
        'default',
        'js',
        'main',
        command,
        out,
        tty ? null : err,
        stdin,
        tty,
        resolve,
      );
      return { status: await promise, out: out.text, err: err.text, protocol: socket.protocol };
    }

    it('runs a command and reads its output, its errors and its exit code', async () => {
      const { status, out, err, protocol } = await exec(['sh', '-c', 'echo to out; echo to err >&2; exit 7']);
      expect(protocol).to.equal('v5.channel.k8s.io');
      expect([out, err]).to.deep.equal(['to out\n', 'to err\n']);
      expect(status).to.include({ status: 'Failure', reason: 'NonZeroExitCode' });
      expect(status.details?.causes?.[0]).to.include({ reason: 'ExitCode', message: '7' });
      expect((await exec('true')).status.status).to.equal('Success');
    });

    it('sends input until its end', async () => {
      const stdin = new PassThrough();
      const done = exec('md5sum', { stdin });
      for (let i = 0; i < 40; i += 1) stdin.write(Buffer.alloc(50_000, 'x'));
      stdin.end();
      const { status, out } = await done;
      expect(status.status).to.equal('Success');
      expect(out).to.equal('939ee55a36872cb4222e09cced62a7b5  -\n');
    });

    it('types into a terminal', async () => {
      const stdin = new PassThrough();
      const done = exec('sh', { stdin, tty: true });
      stdin.write('test -t 0 && echo a terminal; exit 4\n');
      const { status, out } = await done;
      expect(out).to.include('a terminal\r\n');
      expect(status.details?.causes?.[0]?.message).to.equal('4');
    });

    it('reads much output whole', async () => {
      const { out, status } = await exec(['head', '-c', '20000000', '/dev/zero']);
      expect(status.status).to.equal('Success');
      expect(out.length).to.equal(20_000_000);
    });

    it('runs many commands at once', async () => {
      const all = await Promise.all(
        Array.from({ length: 20 }, async (_, i) => exec(['sh', '-c', `echo ${i}; exit ${i}`])),
      );
      expect(all.map(({ out }) => Number(out))).to.deep.equal([...all.keys()]);
    });

    it('forwards a port', async () => {
      const [output, errors, input] = [new Kept(), new Kept(), new PassThrough()];
      const socket = await new PortForward(config).portForward('default', 'js', [8080], output, errors, input);
      input.write('through the port');
      await eventually(() => expect(output.text + errors.text).to.equal('through the port'));
      if ('close' in socket) socket.close();
    });
  });
}
