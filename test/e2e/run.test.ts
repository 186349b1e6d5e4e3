import { expect } from 'chai';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { IncomingMessage } from 'node:http';
import { ContainerEventType } from '../../api/cri/v1/api.ts';
import { demoReference, startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { eventually, runContainer, runPod } from '../fixtures/pods.ts';
import { parseSeries, scrape } from '../fixtures/scrape.ts';
import { program } from './hands-on.ts';

const idle = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'] as const;
const port = 28_431;

/** `cricket run` and what goes with it, as programs. */
describe('cricket run', function () {
  this.timeout(120_000);
  let cricket: Cricket;
  before(async () => {
    cricket = await startCricket({ config: `metrics.address = "unix:///tmp/cricket-run-${process.pid}.sock"` });
  });
  after(async () => cricket.stop());
  const { cli, here, fed } = program(() => cricket);

  interface Listed {
    readonly id: string;
    readonly name: string;
    readonly podId: string;
    readonly state: string;
    readonly exitCode: number | null;
  }
  const list = async () => JSON.parse((await here('ps', '-a', '--format', 'json')).out) as readonly Listed[];
  const named = async (name: string) => (await list()).find((one) => one.name === name);
  const none = async (name: string) => eventually(async () => expect(await named(name)).to.equal(undefined), 30_000);

  it('gives its program our streams and ends with its code, and --rm leaves nothing', async () => {
    const script = 'cat; echo "$A $B $C" >&2; pwd; id -u; exit 7';
    writeFileSync(join(cricket.dir, 'env'), '# a comment\nB=of the file\nA=overruled\n');
    const flags = [
      '--rm',
      '-i',
      '--env-file',
      join(cricket.dir, 'env'),
      '-e',
      'A=1',
      '-e',
      'C',
      '-w',
      '/tmp',
      '-u',
      '65534',
    ];
    const { code, out, err } = await fed('typed\n', 'run', ...flags, demoReference, 'sh', '-c', script);
    expect({ code, out, err }).to.deep.equal({ code: 7, out: 'typed\n/tmp\n65534\n', err: '1 of the file \n' });
    expect(await list()).to.deep.equal([]);
    await eventually(() => expect(readdirSync(join(cricket.root, 'logs'))).to.deep.equal([]));
    expect(await cricket.left()).to.deep.equal([]);
  });

  it('says what is wrong, by exit codes too, and leaves nothing', async () => {
    const wrong: readonly (readonly [code: number, said: RegExp, ...args: string[]])[] = [
      [127, /not found/, demoReference, 'no-such-program'],
      [126, /ermission denied/, demoReference, '/etc/passwd'],
      [125, /is not here; pull it first/, '--pull', 'never', 'registry.local/none:1'],
      [125, /volume "a b": letters, digits/, '-v', 'a b:/x', demoReference],
      [125, /no host port is chosen for you: -p 8080:80/, '-p', '80', demoReference],
      [125, /--restart is not for cricket run: .*restartPolicy/, '--restart', 'always', demoReference],
      [125, /--memory "lots": give bytes/, '-m', 'lots', demoReference],
      [125, /--network "mine": bridge, host or none/, '--network', 'mine', demoReference],
      [125, /leave -p out with --network none/, '--network', 'none', '-p', '1:1', demoReference],
      [125, /name ".*": letters, digits/, '--name', 'a b', demoReference],
      [125, /ENOENT/, '--env-file', '/no/such/file', demoReference],
      [125, /standard input is no terminal/, '-it', demoReference],
      [2, /unknown option '--no-such-flag'/, '--no-such-flag', demoReference],
    ];
    for (const [code, said, ...args] of wrong) {
      const end = await here('run', ...args);
      expect([end.code, end.out], args.join(' ')).to.deep.equal([code, '']);
      expect(end.err, args.join(' ')).to.match(said);
    }
    expect(await list()).to.deep.equal([]);
    expect(await cricket.left()).to.deep.equal([]);
  });

  it('limits, mounts and hides as asked', async () => {
    const shared = join(cricket.dir, 'shared');
    mkdirSync(shared);
    writeFileSync(join(shared, 'in'), 'of the host');
    const limits = ['-m', '48m', '--cpus', '0.5', '--pids-limit', '77'];
    const mounts = ['-v', `${shared}:/rw`, '-v', `${shared}:/ro:ro`, '--read-only'];
    const flags = [...limits, ...mounts, '--network', 'none', '--hostname', 'of-mine'];
    const script =
      'cat /rw/in; echo; echo x >/rw/out; echo x >/ro/out; echo x >/root/out; hostname; ls /sys/class/net; sleep 600';
    expect((await here('run', '-d', '--name', 'limited', ...flags, demoReference, 'sh', '-c', script)).code).to.equal(
      0,
    );
    await eventually(async () => expect((await cli('logs', 'limited')).out).to.equal('of the host\nof-mine\nlo\n'));
    expect((await cli('logs', 'limited')).err).to.match(/\/ro\/out: Read-only[^]*\/root\/out: Read-only/);
    expect(readFileSync(join(shared, 'out'), 'utf8')).to.equal('x\n');
    const { resources } = (JSON.parse((await here('inspect', 'limited')).out) as [{ resources: object }])[0];
    expect(resources).to.include({ memoryLimitBytes: 48 << 20, cpuQuota: 50_000, cpuPeriod: 100_000, pidsLimit: 77 });
    const [top] = JSON.parse((await here('top', '--no-stream', '--format', 'json')).out) as object[];
    expect(top).to.include({ name: 'limited', memoryLimitBytes: 48 << 20, pidsLimit: 77 });
    expect((await here('rm', 'limited')).err).to.match(/it is running; cricket stop it first, or use --force/);
    expect((await here('rm', '-f', 'limited')).out).to.equal('limited\n');
    await none('limited');
  });

  it('is absent from all that CRI lists, and there for ps, top, events, metrics and by its id', async () => {
    const pod = await runPod(cricket, { name: 'known' });
    const known = await runContainer(cricket, pod, { name: 'known' });
    const { runtime } = cricket.client;
    const since = new Date().toISOString();
    const stop = new AbortController();
    const told: string[] = [];
    const listening = (async () => {
      for await (const { containerId, podSandboxStatus, containerEventType } of runtime.getContainerEvents(
        {},
        stop.signal,
      ))
        told.push(`${podSandboxStatus?.metadata?.name ?? containerId} ${containerEventType}`);
    })().catch(() => undefined);
    expect(
      (await here('run', '-d', '--name', 'hidden', '--network', 'host', '-l', 'a=b', demoReference, ...idle)).code,
    ).to.equal(0);
    const hidden = await named('hidden');
    const { id = '', podId = '' } = hidden ?? {};

    expect((await runtime.listPodSandbox()).items.map((one) => one.id)).to.deep.equal([pod.id]);
    expect(
      (await runtime.listPodSandbox({ filter: { id: podId, state: undefined, labelSelector: {} } })).items,
    ).to.deep.equal([]);
    expect((await runtime.listContainers()).containers.map((one) => one.id)).to.deep.equal([known.id]);
    expect((await runtime.listContainerStats()).stats.map((one) => one.attributes?.id)).to.deep.equal([known.id]);
    expect((await runtime.listPodSandboxStats()).stats.map((one) => one.attributes?.id)).to.deep.equal([pod.id]);
    expect((await runtime.listPodSandboxMetrics()).podMetrics.map((one) => one.podSandboxId)).to.deep.equal([pod.id]);
    expect((await runtime.containerStatus({ containerId: id })).status?.metadata?.name).to.equal('hidden');

    expect((await here('ps')).out).to.match(/ hidden\n/);
    expect((await here('ps', 'hidden')).out).to.match(/ sh -c trap/);
    const socket = `/tmp/cricket-run-${process.pid}.sock`;
    const series = parseSeries((await scrape(socket)).text);
    expect(
      series.some(
        ({ name, labels }) => name === 'container_memory_working_set_bytes' && labels['container'] === 'hidden',
      ),
    ).to.equal(true);
    expect((await here('stop', 'hidden')).code).to.equal(0);
    expect((await here('rm', 'hidden')).code).to.equal(0);
    const events = (await here('events', '--since', since, '--until', '0s', '--filter', 'container=hidden')).out;
    expect(events.match(/container (\w+) /g)).to.deep.equal(
      ['create', 'start', 'die', 'stop', 'remove'].map((one) => `container ${one} `),
    );
    // What came before it would have been told of has been told by now.
    await runtime.stopContainer({ containerId: known.id, timeout: 5n });
    await eventually(() => expect(told.join()).to.contain(`known ${ContainerEventType.CONTAINER_STOPPED_EVENT}`));
    expect(told.join()).to.not.contain('hidden');
    stop.abort();
    await listening;
    expect((await here('rm', 'known')).err).to.match(/cricket run did not make it; who made its pod removes it/);
    await cricket.removePods();
  });

  it('publishes ports, gives them back at its end, and keeps name, log and exit code until rm', async () => {
    const httpd = [
      'sh',
      '-c',
      'trap "exit 3" TERM; mkdir /www; echo hello >/www/index.html; httpd -p 80 -h /www; echo up; while :; do sleep 0.1; done',
    ];
    expect((await here('run', '-d', '--name', 'web', '-p', `${port}:80`, demoReference, ...httpd)).code).to.equal(0);
    const address =
      Object.values(networkInterfaces())
        .flat()
        .find((one) => one?.family === 'IPv4' && !one.internal && !one.address.startsWith('10.2'))?.address ??
      '127.0.0.1';
    await eventually(async () => expect(await fetchText(`http://${address}:${port}/`)).to.equal('hello\n'));
    expect((await here('ps')).out).to.contain(`${port}->80/tcp`);
    const taken = await here('run', '-d', '--name', 'web', demoReference);
    expect([taken.code, taken.err]).to.satisfy(
      ([code, err]: [number, string]) =>
        code === 125 && /has the name "web"; remove it \(cricket rm web\) or choose another --name/.test(err),
    );
    expect((await cli('run', '--rm', '-p', `${port}:80`, demoReference, 'true')).err).to.match(new RegExp(`${port}`));
    expect((await here('stop', 'web')).code).to.equal(0);
    expect(await named('web')).to.include({ state: 'exited', exitCode: 3 });
    expect((await cli('run', '--rm', '-p', `${port}:80`, demoReference, 'true')).code, 'the port is free').to.equal(0);
    expect((await cli('logs', 'web')).out).to.equal('up\n');
    expect((await here('wait', 'web')).out).to.equal('3\n');
    expect((await cli('exec', 'web', 'true')).err).to.match(/it is exited, not running/);
    expect((await here('rm', 'web', 'web')).code, 'twice').to.equal(1);
  });

  it('of two at once with one name one is made', async () => {
    const both = await Promise.all([1, 2].map(async () => here('run', '-d', '--name', 'twin', demoReference, ...idle)));
    expect(both.map(({ code }) => code).sort()).to.deep.equal([0, 125]);
    expect((await list()).map(({ name }) => name)).to.deep.equal(['twin']);
    const { code, out } = await cli(
      'exec',
      '-e',
      'A=of exec',
      '-w',
      '/tmp',
      '-u',
      '65534:1',
      'twin',
      'sh',
      '-c',
      'echo "$A $(pwd) $(id -u):$(id -g)"; exit 4',
    );
    expect([code, out]).to.deep.equal([4, 'of exec /tmp 65534:1\n']);
    expect((await fed('through', 'exec', '-i', 'twin', 'cat')).out).to.equal('through');
    expect((await cli('exec', 'twin', 'no-such-program')).code).to.equal(127);
    expect((await here('rm', '-f', 'twin')).code).to.equal(0);
  });
});

async function fetchText(url: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  get(url, { timeout: 2000 }, resolve).once('error', reject);
  return text(await promise);
}
