import { expect } from 'chai';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../../base/log.ts';
import { EventLog } from '../../../sandbox/events/event-log.ts';
import { Journal } from '../../../sandbox/events/journal.ts';
import { eventsVerb } from '../../control/events.ts';
import { serveControl } from '../../control/serve.ts';
import { runCli } from '../run.ts';

const pod = { id: 'ab'.repeat(32), namespace: 'default', name: 'wéb' };
const container = { id: 'cd'.repeat(32), name: 'main' };

describe('cricket events', () => {
  let state: string;
  let stack: AsyncDisposableStack;
  let log: EventLog;
  beforeEach(async () => {
    state = await mkdtemp(join(tmpdir(), 'cricket-events-'));
    stack = new AsyncDisposableStack();
    stack.defer(() => rm(state, { recursive: true }));
    const journal = await Journal.open({ directory: join(state, 'events'), maxBytes: 1e6, log: silentLogger() });
    log = await EventLog.open(stack.use(journal));
    stack.use(await serveControl({ socket: join(state, 'control.sock'), verbs: [eventsVerb(log)] }, silentLogger()));
    log.publish({ type: 'daemon', action: 'start', attributes: { version: '1' } });
    log.publish({
      ...{ type: 'container', action: 'oom', pod, container, image: 'busybox:1' },
      attributes: { victim: 'a (b) \u001b[31mc', pid: 7, init: false },
    });
  });
  afterEach(() => stack.disposeAsync());

  async function cli(args: readonly string[], enough?: (out: string) => boolean) {
    const told = { out: '', err: '' };
    const interrupt = new AbortController();
    const code = await runCli(['events', '--state', state, '--config', '/dev/null', ...args], {
      out: (text) => {
        told.out += text;
        if (enough?.(told.out) === true) interrupt.abort();
      },
      err: (text) => void (told.err += text),
      colour: false,
      environment: {},
      signal: interrupt.signal,
    });
    return { code, ...told };
  }

  it('tells the past in one line each, with nothing in it that a terminal obeys', async () => {
    const { code, out, err } = await cli(['--since', '1h', '--until', '0s']);
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    expect(out.replace(/^\S+Z /gm, '')).to.equal(
      'daemon start (version=1)\n' +
        'container oom default/wéb/main cdcdcdcdcdcdc (image=busybox:1, victim="a (b) \\\\x1b[31mc", pid=7, init=false)\n',
    );
  });

  it('follows until it is interrupted, as JSON for scripts', async () => {
    const following = cli(['--json'], (out) => out.includes('remove'));
    const timer = setInterval(() => log.publish({ type: 'pod', action: 'remove', pod, attributes: {} }), 20);
    const { code, out } = await following;
    clearInterval(timer);
    expect(code).to.equal(0);
    const [first = ''] = out.split('\n');
    expect(JSON.parse(first)).to.deep.include({ type: 'pod', action: 'remove', pod });
  });

  it('filters', async () => {
    const { out } = await cli(['--since', '1h', '--until', '0s', '--filter', 'pod=wéb', '--filter', 'event=oom']);
    expect(out.split('\n')).to.have.length(2);
    expect((await cli(['--since', '1h', '--until', '0s', '--filter', 'namespace=other'])).out).to.equal('');
  });

  it('ends by itself at a time to come', async () => {
    const { code, out } = await cli(['--since', '1h', '--until', new Date(Date.now() + 300).toISOString()]);
    expect({ code, lines: out.split('\n').length }).to.deep.equal({ code: 0, lines: 3 });
  });

  it('refuses what it does not understand, and says so when the daemon is not there or goes', async () => {
    const wrong = await cli(['--filter', 'colour=red']);
    expect(wrong.code).to.equal(2);
    expect(wrong.err).to.contain('use KEY=VALUE with container, pod');
    expect((await cli(['--since', 'yesterday'])).code).to.equal(2);
    const cut = cli(['--since', '1h'], (out) => {
      if (out.includes('oom')) void stack.disposeAsync();
      return false;
    });
    expect(await cut).to.include({ code: 1 });
    expect((await cut).err).to.match(/^cricket: control socket .*the daemon ended/);
    const none = await cli([]);
    expect(none.code).to.equal(1);
    expect(none.err).to.contain('no daemon answers');
  });
});
