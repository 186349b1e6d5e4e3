import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Int64Value, KeyValue, SupplementalGroupsPolicy } from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { containerStatus, containerWith, exited, readLog, runContainer, runPod, sleeper } from '../../fixtures/pods.ts';
import type { TestPod, TestWish } from '../../fixtures/pods.ts';
import { fails, importOwnImage, initPid, procStatus, sh } from './lab.ts';

const number = (value: number) => filled(Int64Value, { value: BigInt(value) });

describe('the process of a container', () => {
  let cricket: Cricket;
  let pod: TestPod;
  let users: string;
  let config: string;
  before(async () => {
    cricket = await startCricket();
    users = await importOwnImage(cricket, 'test/users:1');
    config = await importOwnImage(cricket, 'test/config:1');
  });
  after(async () => cricket.stop());
  let pods = 0;
  beforeEach(async () => (pod = await runPod(cricket, { name: `pod-${pods++}`, hostname: 'a' })));
  afterEach(async () => cricket.removePods());

  /** What a container that ends by itself wrote to stdout. */
  async function outputOf(wish: Omit<TestWish, 'name'>): Promise<string> {
    const container = await runContainer(cricket, pod, { name: 'c', ...wish });
    await exited(cricket, container.id);
    return readLog(container.logPath)
      .filter(({ stream }) => stream === 'stdout')
      .map(({ tag, text }) => (tag === 'P' ? text : `${text}\n`))
      .join('')
      .replace(/\n$/, '');
  }

  const idOf = async (wish: Omit<TestWish, 'name'>) =>
    outputOf({ command: ['sh', '-c', 'echo $(id -u):$(id -g) $(id -G); echo $HOME'], ...wish });

  it("is the image's entrypoint and arguments, environment, directory", async () => {
    const container = await runContainer(cricket, pod, { name: 'c', image: config, args: ['of', 'mine'] });
    const pid = await initPid(cricket, container);
    const command = () => readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    // The shell says three lines before it is the other program.
    for (let tries = 0; tries < 200 && !command().startsWith('sleep'); tries++) await delay(5);
    expect(command()).to.equal('sleep\x001000\x00');
    expect(readLog(container.logPath).map(({ text }) => text)).to.deep.equal([
      'entry of mine',
      'greeting hello',
      '/made/by/the/runtime',
    ]);
  });

  it('is the command that was given, with its arguments as they are', async () => {
    const script = 'for a in "$@"; do echo "[$a]"; done';
    const args = ['-c', script, 'sh', 'two words', '', '$HOME', 'grüße', "'"];
    expect(await outputOf({ image: config, command: ['sh'], args })).to.equal("[two words]\n[]\n[$HOME]\n[grüße]\n[']");
  });

  it("has the image's variables, those given over them, and nothing of the daemon's", async () => {
    const env = { GREETING: 'good day', MORE: 'a=b\n c', GRÜN: 'ja' };
    const text = await outputOf({ image: config, command: ['env'], env });
    expect(text.split('\n').filter((line) => !/^(SHLVL|PWD)=/.test(line))).to.have.members([
      ...['PATH=/bin', 'GREETING=good day', 'EMPTY=', 'MORE=a=b', ' c', 'GRÜN=ja', 'HOSTNAME=a', 'HOME=/root'],
    ]);
  });

  it('takes values of variables that are UTF-8, and says so of others', async () => {
    const good = containerWith({ name: 'c' });
    const envs = [filled(KeyValue, { key: 'BYTES', value: Buffer.from([0x66, 0xff]) })];
    const request = { podSandboxId: pod.id, config: { ...good, envs }, sandboxConfig: pod.config };
    await fails(cricket.client.runtime.createContainer(request), 'INVALID_ARGUMENT', 'BYTES');
  });

  it('starts in the directory given, which is made if missing', async () => {
    expect(await outputOf({ command: ['pwd'], workingDir: '/not/there/yet' })).to.equal('/not/there/yet');
    expect(await outputOf({ command: ['pwd'], image: config, attempt: 1 })).to.equal('/made/by/the/runtime');
    expect(await outputOf({ command: ['pwd'], attempt: 2 })).to.equal('/');
  });

  it("is the image's user with its groups, unless told otherwise", async () => {
    expect(await idOf({})).to.equal('0:0 0\n/root');
    expect(await idOf({ image: users, attempt: 1 })).to.equal('1001:1001 1001 29 50 100\n/home/alice');
  });

  it('is the user given, by number or by name, with a group given', async () => {
    const as = async (attempt: number, security: NonNullable<TestWish['security']>) =>
      idOf({ image: users, attempt, security });
    expect(await as(1, { runAsUser: number(1002) })).to.equal('1002:100 100\n/nonexistent');
    expect(await as(2, { runAsUsername: 'carol' })).to.equal('1004:9999 9999\n/home/carol');
    expect(await as(3, { runAsUsername: '4242' })).to.equal('1003:1003 1003\n/home/digits');
    expect(await as(4, { runAsUser: number(70_000) })).to.match(/^70000:0 0\n/);
    expect(await as(5, { runAsUser: number(1001), runAsGroup: number(77) })).to.match(/^1001:77 77 /);
    const container = await runContainer(cricket, pod, {
      ...{ name: 'told', image: users, command: sleeper },
      security: { runAsUsername: 'bob', runAsGroup: number(5), supplementalGroups: [600n] },
    });
    const { user } = await containerStatus(cricket, container.id);
    expect(user?.linux).to.deep.equal({ uid: 1002n, gid: 5n, supplementalGroups: [5n, 600n, 100n] });
    expect(procStatus(await initPid(cricket, container), 'Groups')).to.equal('5 100 600');
  });

  it("has its supplemental groups, with the image's or without", async () => {
    const supplementalGroups = [2000n, 3000n];
    const merged = { runAsUsername: 'alice', supplementalGroups };
    expect(await idOf({ image: users, security: merged })).to.match(/^1001:1001 1001 29 50 100 2000 3000\n/);
    const strict = { ...merged, supplementalGroupsPolicy: SupplementalGroupsPolicy.Strict };
    expect(await idOf({ image: users, attempt: 1, security: strict })).to.match(/^1001:1001 1001 2000 3000\n/);
  });

  it('is nobody that the image does not know', async () => {
    const unknown = { name: 'c', image: users, security: { runAsUsername: 'mallory' } };
    await fails(runContainer(cricket, pod, unknown), 'NOT_FOUND', '"mallory" is not in etc/passwd');
    const group = { name: 'c', security: { runAsGroup: number(5) } };
    await fails(runContainer(cricket, pod, group), 'INVALID_ARGUMENT', 'run_as_group is set without run_as_user');
  });

  it('has a terminal where asked, and none where not', async () => {
    const command = ['sh', '-c', 'tty || true; test -t 0 && test -t 1 && test -t 2 && echo all'];
    expect(await outputOf({ command, tty: true })).to.match(/^\/dev\/(pts\/0|console)\r?\nall\r?$/);
    expect(await outputOf({ command, attempt: 1 })).to.equal('not a tty');
    expect(await outputOf({ command: ['sh', '-c', 'echo $TERM'], tty: true, attempt: 2 })).to.match(/xterm/);
  });

  it('reads the end at once without stdin, and waits with it', async () => {
    const command = ['sh', '-c', 'cat; echo read to the end'];
    expect(await outputOf({ command })).to.equal('read to the end');
    const container = await runContainer(cricket, pod, { name: 'open', command, stdin: true });
    expect(await sh(cricket, container, 'sleep 0.3; ls -l /proc/1/fd/0')).to.match(/pipe:/);
    expect(await containerStatus(cricket, container.id)).to.include({ exitCode: 0, finishedAt: 0n });
  });
});
