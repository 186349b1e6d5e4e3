import { expect } from 'chai';
import { renameSync, unlinkSync, writeFileSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { eventually, exited, runContainer, runPod } from '../fixtures/pods.ts';
import type { TestPod } from '../fixtures/pods.ts';
import { cli, going } from './hands-on.ts';

/** Counts as fast as a shell can. */
const counter = ['sh', '-c', 'i=0; while :; do i=$((i+1)); echo $i; usleep 2000; done'];

/** `cricket kill`, `wait`, `logs` and friends as programs. */
describe('what Docker has for a container', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  let pod: TestPod;
  before(async () => {
    cricket = await startCricket();
    pod = await runPod(cricket, { name: 'habits', namespace: 'docker' });
  });
  after(async () => cricket.stop());

  const lines = (path: string) => readFileSync(path, 'utf8').split('\n').length;

  it('kill sends the signal asked for, and wait tells how it ended', async () => {
    const command = ['sh', '-c', 'trap "echo got hup" HUP; trap "exit 3" USR1; echo on; while :; do sleep 1; done'];
    const made = await runContainer(cricket, pod, { name: 'listener', command });
    await eventually(() => expect(readFileSync(made.logPath, 'utf8')).to.contain('on'));
    const waiting = going(cricket, 'wait', 'habits/listener');
    expect(await cli(cricket, 'kill', '-s', 'hup', 'listener')).to.deep.equal({ code: 0, out: 'listener\n', err: '' });
    await eventually(() => expect(readFileSync(made.logPath, 'utf8')).to.contain('got hup'));
    expect((await cli(cricket, 'kill', '-s', 'SIGUSR2', 'listener')).err).to.contain('no handler for SIGUSR2');
    expect((await cli(cricket, 'kill', '-s', '10', 'docker/habits/listener')).code).to.equal(0);
    expect(await waiting.ended).to.equal(0);
    expect(waiting.out()).to.equal('3\n');
    expect(JSON.parse((await cli(cricket, 'wait', 'listener', '--format', 'json')).out)).to.deep.equal([
      { id: made.id, exitCode: 3, reason: 'Error' },
    ]);
    const { code, err } = await cli(cricket, 'kill', 'listener');
    expect([code, err]).to.deep.equal([
      1,
      `cricket: kill container ${made.id.slice(0, 13)} (listener): it is exited, not running\n`,
    ]);
  });

  it('kill refuses what is no signal, goes on past what is not there, and kills by SIGKILL', async () => {
    await runContainer(cricket, pod, { name: 'stubborn', command: ['sh', '-c', 'trap "" TERM; sleep 600'] });
    expect((await cli(cricket, 'kill', '-s', 'SIGNOT', 'stubborn')).err).to.match(/"SIGNOT" is no signal; give SIGHUP/);
    const { code, out, err } = await cli(cricket, 'kill', 'nobody', 'stubborn', 'habits');
    expect([code, out]).to.deep.equal([1, 'stubborn\n']);
    expect(err).to.match(/^cricket: no container has the name or id "nobody".*\ncricket: no container .* "habits"/);
    expect((await cli(cricket, 'wait', 'stubborn')).out).to.equal('137\n');
  });

  it('logs gives each stream its own, the last lines, times and JSON', async () => {
    const command = ['sh', '-c', 'echo one; echo two >&2; sleep 0.2; echo thrée; printf tail'];
    const made = await runContainer(cricket, pod, { name: 'writer', command });
    await exited(cricket, made.id);
    expect(await cli(cricket, 'logs', 'writer')).to.deep.equal({ code: 0, out: 'one\nthrée\ntail', err: 'two\n' });
    expect((await cli(cricket, 'logs', '-n', '2', 'writer')).out).to.equal('thrée\ntail');
    expect((await cli(cricket, 'logs', '--tail', '0', '-f', 'writer')).out).to.equal('');
    expect((await cli(cricket, 'logs', '-t', 'writer')).out).to.match(/^\d{4}-\S+ one\n\d{4}-\S+ thrée\n/);
    const entries = (await cli(cricket, 'logs', '--format', 'json', 'writer')).out.trim().split('\n');
    const [first] = entries.map((line) => JSON.parse(line) as { readonly time: string });
    expect(first).to.deep.include({ stream: 'stdout', partial: false, text: 'one' });
    const since = new Date(Date.parse(first?.time ?? '') + 100).toISOString();
    expect((await cli(cricket, 'logs', '--since', since, 'writer')).out).to.equal('thrée\ntail');
    unlinkSync(made.logPath);
    const gone = await cli(cricket, 'logs', 'writer');
    expect([gone.code, gone.err]).to.deep.equal([
      1,
      `cricket: log of container ${made.id.slice(0, 13)} (writer): there is no ${made.logPath} any more\n`,
    ]);
  });

  it('logs -f follows over rotations without a gap or a double, reads what was compressed, and ends with the container', async () => {
    const made = await runContainer(cricket, pod, { name: 'rotated', command: counter });
    await eventually(() => expect(lines(made.logPath)).to.be.greaterThan(5));
    const following = going(cricket, 'logs', '--follow', 'rotated');
    await eventually(() => expect(following.out()).not.to.equal(''));
    for (const second of ['01', '02', '03']) {
      const old = `${made.logPath}.20260101-0000${second}`;
      renameSync(made.logPath, old);
      await cricket.client.runtime.reopenContainerLog({ containerId: made.id });
      // It may be behind: the next rotation comes when it reads the new file.
      const last = Number(readFileSync(old, 'utf8').trimEnd().split(' ').at(-1));
      await eventually(() => expect(following.out().split('\n').length).to.be.greaterThan(last + 20), 30_000);
      if (second === '03') continue;
      writeFileSync(`${old}.gz`, gzipSync(readFileSync(old)));
      unlinkSync(old);
    }
    expect((await cli(cricket, 'kill', 'rotated')).code).to.equal(0);
    expect(await following.ended).to.equal(0);
    const told = following.out().split('\n').slice(0, -1).map(Number);
    expect(told).to.deep.equal(told.map((_, index) => index + 1));
    const whole = (await cli(cricket, 'logs', 'rotated')).out;
    expect(whole).to.equal(following.out());
    const most = (await cli(cricket, 'logs', '--tail', String(told.length - 1), 'rotated')).out;
    expect(most).to.equal(whole.slice(2));
  });
});
