import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { demoReference, startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { eventually } from '../fixtures/pods.ts';
import { inTerminal } from '../fixtures/terminal.ts';
import { program } from './hands-on.ts';

const idle = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'] as const;

/** Clients of `cricket run` that come and go, and a daemon that does. */
describe('a container of cricket run', function () {
  this.timeout(120_000);
  let cricket: Cricket;
  before(async () => {
    cricket = await startCricket();
  });
  after(async () => cricket.stop());
  const { here, begin, line } = program(() => cricket);

  const named = async (name: string) => {
    const all = JSON.parse((await here('ps', '-a', '--format', 'json')).out) as readonly { readonly name: string }[];
    return all.find((one) => one.name === name);
  };
  const none = async (name: string) => eventually(async () => expect(await named(name)).to.equal(undefined), 30_000);

  it('a terminal has its size, is let go by Ctrl-P Ctrl-Q, and is joined again', async () => {
    const shell = line('run', '-it', '--rm', '--name', 'term', demoReference, 'sh');
    await using first = await inTerminal(shell, 91, 31);
    await eventually(() => expect(first.output()).to.match(/# /), 20_000);
    first.type('stty size\r');
    await eventually(() => expect(first.output()).to.contain('31 91'));
    first.resize(101, 41);
    await eventually(() => {
      first.type('stty size\r');
      expect(first.output()).to.contain('41 101');
    });
    first.type('\u0010\u0011');
    await first.ended();
    expect(first.output()).to.match(/cricket: detached; it runs on\s+exit=0[^]* icanon /);
    await using second = await inTerminal(line('attach', 'term'), 80, 24);
    await eventually(() => {
      second.type('\r');
      expect(second.output()).to.match(/# /);
    }, 20_000);
    second.type('exit 5\r');
    await second.ended();
    expect(second.output()).to.match(/exit=5[^]* icanon /);
    await none('term');
  });

  it('passes Ctrl-C on, and with --rm ends with a client that is killed', async () => {
    const script = 'trap "echo got; exit 3" INT; echo on; while :; do sleep 0.1; done';
    const polite = begin('run', '--rm', demoReference, 'sh', '-c', script);
    await eventually(() => expect(polite.out()).to.equal('on\n'), 20_000);
    polite.child.kill('SIGINT');
    expect(await polite.ended).to.equal(3);
    expect(polite.out()).to.equal('on\ngot\n');
    const killed = begin('run', '--rm', '--name', 'orphan', demoReference, 'sh', '-c', `echo on; ${idle[2]}`);
    const kept = begin('run', '--name', 'kept', demoReference, 'sh', '-c', `echo on; ${idle[2]}`);
    for (const one of [killed, kept]) {
      await eventually(() => expect(one.out()).to.equal('on\n'), 20_000);
      one.child.kill('SIGKILL');
    }
    await none('orphan');
    expect(await named('kept')).to.include({ state: 'running' });
    expect((await here('rm', '-f', 'kept')).code).to.equal(0);
  });

  it('outlives the daemon, whenever that is killed; what nobody will ask for again goes', async () => {
    const watched = begin('run', '--rm', '--name', 'watched', demoReference, 'sh', '-c', `echo on; ${idle[2]}`);
    await eventually(() => expect(watched.out()).to.equal('on\n'), 20_000);
    expect((await here('run', '-d', '--rm', '--name', 'short', demoReference, 'sh', '-c', 'sleep 2')).code).to.equal(0);
    await cricket.sigkill();
    expect(await watched.ended).to.equal(125);
    expect(watched.err()).to.match(/the daemon ended; watched is not touched by that: cricket attach watched goes on/);
    await cricket.start();
    expect(await named('watched')).to.include({ state: 'running' });
    await none('short');
    expect((await cricket.client.runtime.listPodSandbox()).items).to.deep.equal([]);
    expect((await here('stop', 'watched')).code).to.equal(0);
    await none('watched');
    for (const step of ['create:saved', 'start:intent']) {
      await cricket.restart({ CRICKET_KILL_AT: step });
      expect((await here('run', '-d', '--name', 'cut', demoReference, ...idle)).code, step).to.equal(125);
      await cricket.ended();
      await cricket.start();
      await none('cut');
      await eventually(async () => expect(await cricket.left(), step).to.deep.equal([]));
    }
    await eventually(() => expect(readdirSync(join(cricket.root, 'logs'))).to.deep.equal([]));
  });
});
