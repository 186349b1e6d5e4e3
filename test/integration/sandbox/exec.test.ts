import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { createContainer, eventually, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../../fixtures/pods.ts';
import { entries } from '../../leftovers/kernel.ts';
import { execIn, fails, initPid, namespaceOf, procStatus, processesBelow, sh } from './lab.ts';

/** Processes of the container when nothing is executed in it: its shell, and what that waits for. */
const idle = 2;

describe('a command in a container', () => {
  let cricket: Cricket;
  let pod: TestPod;
  let container: TestContainer;
  let group: string;
  before(async () => {
    cricket = await startCricket();
    pod = await runPod(cricket, { name: 'a' });
    container = await runContainer(cricket, pod, { name: 'c', env: { GREETING: 'hello' }, workingDir: '/tmp' });
    group = cricket.containerCgroup(pod.id, container.id);
    await eventually(() => expect(processesBelow(group)).to.have.length(idle));
  });
  after(async () => cricket.stop());

  const exec = async (script: string, seconds = 0) => execIn(cricket, container, ['sh', '-c', script], seconds);
  const nothingRuns = async () => eventually(() => expect(processesBelow(group)).to.have.length(idle));
  /** Files and cgroups that belong to running execs. */
  const noTraces = async () =>
    eventually(() => {
      const files = entries(`${cricket.state}/containers/${container.id}`);
      expect(files.filter((name) => name.startsWith('exec-'))).to.deep.equal([]);
    });

  it('gives back its exit code and both streams', async () => {
    expect(await exec('echo out; echo err >&2; exit 3')).to.deep.equal({ code: 3, stdout: 'out\n', stderr: 'err\n' });
    expect(await exec('kill -9 $$')).to.deep.equal({ code: 137, stdout: '', stderr: '' });
    expect(await exec('cat')).to.deep.equal({ code: 0, stdout: '', stderr: '' });
    await noTraces();
  });

  it("has the container's namespaces, environment, directory and user, and is in its cgroup", async () => {
    const text = await sh(
      cricket,
      container,
      'readlink /proc/self/ns/net; echo $GREETING; pwd; id -u; cat /proc/self/cgroup',
    );
    const [net, greeting, directory, uid, ...groups] = text.split('\n');
    expect([net, greeting, directory, uid]).to.deep.equal([
      namespaceOf('net', await initPid(cricket, container)),
      ...['hello', '/tmp', '0'],
    ]);
    expect(groups.filter((line) => line.includes(container.id))).to.have.length.of.at.least(1);
    const caps = procStatus(await initPid(cricket, container), 'CapEff');
    expect(await sh(cricket, container, 'grep CapEff /proc/self/status')).to.contain(caps);
  });

  it('keeps bytes as they are', async () => {
    const request = { containerId: container.id, cmd: ['sh', '-c', 'head -c 65536 /dev/urandom | tee /r; cat /r >&2'] };
    const { stdout, stderr } = await cricket.client.runtime.execSync(request);
    expect(stdout).to.have.length(65_536);
    expect(Buffer.compare(stdout, stderr)).to.equal(0);
  });

  it('is cut at 15 MiB of output, says so, and still runs to its end', async () => {
    const script = 'head -c 20000000 /dev/zero | tr "\\0" o; head -c 9 /dev/zero >&2; exit 5';
    const { stdout, stderr, exitCode } = await cricket.client.runtime.execSync({
      ...{ containerId: container.id, cmd: ['sh', '-c', script] },
    });
    expect(exitCode).to.equal(5);
    expect(stdout.length + stderr.length).to.be.within(15 << 20, (15 << 20) + 200);
    expect(Buffer.from(stderr).toString('utf8')).to.contain('output cut at 15728640 bytes');
  });

  it('that is not there, or is no program, is an error and no exit code', async () => {
    await fails(execIn(cricket, container, ['no-such-program']), 'INVALID_ARGUMENT', 'no-such-program');
    await fails(
      execIn(cricket, container, ['/etc/passwd']),
      'INVALID_ARGUMENT',
      'name a program that the container has',
    );
    await exec('printf "#!/no/interpreter\\n" > /script; chmod +x /script');
    await fails(execIn(cricket, container, ['/script']), 'INVALID_ARGUMENT', 'file or directory');
    await fails(execIn(cricket, container, []), 'INVALID_ARGUMENT', 'cmd');
    await noTraces();
  });

  it('may itself end by 126 or 127 with a message', async () => {
    expect(await exec('echo mine >&2; exit 127')).to.deep.equal({ code: 127, stdout: '', stderr: 'mine\n' });
  });

  it('is ended at its timeout, with all that it started', async () => {
    for (const script of [
      'sleep 3600',
      'trap "" TERM HUP INT; while :; do sleep 1; done',
      'setsid sleep 3600 & setsid sh -c "sleep 3600 & sleep 3600" & wait',
      '(setsid sh -c "(sleep 3600 &) ; (sleep 3600 &)" &) ; sleep 3600',
      'yes > /dev/null & yes',
    ]) {
      const begun = performance.now();
      await fails(exec(script, 1), 'DEADLINE_EXCEEDED', 'timed out after 1 s');
      expect(performance.now() - begun).to.be.within(990, 8000);
      await nothingRuns();
    }
    await noTraces();
  });

  it('that ends in time leaves what it put into the background', async () => {
    const { code, stdout } = await exec('sleep 3601 >/dev/null 2>&1 & echo $!', 5);
    expect(code).to.equal(0);
    expect(processesBelow(group)).to.have.length(idle + 1);
    await exec(`kill ${stdout}`);
    await nothingRuns();
  });

  it('is answered though a background child holds its output open', async () => {
    const { stdout } = await exec('sleep 3602 & echo $!', 30);
    await exec(`kill ${stdout}`);
    await nothingRuns();
  });

  it('ends with its caller, whenever that goes away', async () => {
    const cmd = ['sh', '-c', 'setsid sleep 3600 & sleep 3600'];
    for (const ms of [0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 40, 100]) {
      const caller = new AbortController();
      const call = cricket.client.runtime.execSync({ containerId: container.id, cmd }, caller.signal);
      setTimeout(() => caller.abort(), ms);
      await fails(call, 'CANCELLED', '');
    }
    await nothingRuns();
    await noTraces();
  });

  it('runs beside 49 others', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_value, i) => exec(`echo ${i}; echo ${i} >&2; exit ${i}`)),
    );
    for (const [i, answer] of answers.entries())
      expect(answer).to.deep.equal({ code: i, stdout: `${i}\n`, stderr: `${i}\n` });
    await noTraces();
    await nothingRuns();
  });

  it('ends with its container', async () => {
    const other = await runContainer(cricket, pod, { name: 'short' });
    const call = execIn(cricket, other, ['sleep', '3600'], 0);
    call.catch(() => undefined);
    await delay(200);
    await cricket.client.runtime.stopContainer({ containerId: other.id });
    expect(await call).to.include({ code: 137 });
  });

  it('needs a container that runs', async () => {
    const created = await createContainer(cricket, pod, { name: 'created' });
    await fails(execIn(cricket, created, ['true']), 'FAILED_PRECONDITION', 'created, not running');
    await cricket.client.runtime.stopContainer({ containerId: created.id });
    await fails(execIn(cricket, created, ['true']), 'FAILED_PRECONDITION', 'exited, not running');
    await fails(execIn(cricket, { ...created, id: 'e'.repeat(64) }, ['true']), 'NOT_FOUND', 'not found');
    await fails(execIn(cricket, container, ['true'], -1), 'INVALID_ARGUMENT', 'timeout');
  });
});
