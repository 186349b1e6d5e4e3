import { expect } from 'chai';
import { fail } from '../base/errors.ts';
import { silentLogger } from '../base/log.ts';
import { fired, notifierFor, serviceManagerFrom, watchSignals } from './lifecycle.ts';

const tick = (ms = 5) => new Promise((resolve) => setTimeout(resolve, ms));

describe('lifecycle', () => {
  // Whoever runs the tests ends them at the same signals.
  const ending = ['SIGINT', 'SIGTERM'] as const;
  let others: NodeJS.SignalsListener[][];
  before(() => {
    others = ending.map((signal) => process.listeners(signal));
    ending.forEach((signal) => process.removeAllListeners(signal));
  });
  after(() => ending.forEach((signal, at) => others[at]?.forEach((listener) => process.on(signal, listener))));

  it('drains at the first signal and lets go at the second', async () => {
    using signals = watchSignals(async () => undefined, silentLogger());
    process.kill(process.pid, 'SIGTERM');
    await fired(signals.ending);
    expect(signals.forced.aborted).to.equal(false);
    process.kill(process.pid, 'SIGINT');
    await fired(signals.forced);
  });

  it('calls what reloads at SIGHUP, and survives its failure', async () => {
    const answers = [() => Promise.reject(fail('invalid_argument', 'broken')), async () => undefined];
    let called = 0;
    const reload = async () => answers[called++]?.();
    using _signals = watchSignals(reload, silentLogger());
    for (const count of [1, 2]) {
      process.kill(process.pid, 'SIGHUP');
      for (let round = 0; called < count && round < 200; round++) await tick();
      expect(called).to.equal(count);
    }
  });

  it('tells the service manager, and goes on when it is gone', async () => {
    const told: string[] = [];
    const send = (socket: string, message: string) => {
      told.push(`${socket} ${message}`);
      if (message.startsWith('STOPPING')) throw fail('not_found', 'gone');
    };
    {
      using notifier = notifierFor({ notifySocket: '/n', watchdogMicros: 20_000 }, send, silentLogger());
      notifier.ready('serving');
      await tick(60);
      notifier.stopping();
    }
    expect(told[0]).to.equal('/n READY=1\nSTATUS=serving');
    expect(told.filter((line) => line === '/n WATCHDOG=1').length).to.be.within(2, 7);
    const before = told.length;
    await tick(40);
    expect(told.length).to.equal(before);
    expect(told.at(-1)).to.equal('/n STOPPING=1');
  });

  it('reads what the service manager gave, unless it was for another process', () => {
    const given = { NOTIFY_SOCKET: '@x', WATCHDOG_USEC: '60000000', WATCHDOG_PID: '7' };
    expect(serviceManagerFrom(given, 7)).to.deep.equal({ notifySocket: '@x', watchdogMicros: 60_000_000 });
    expect(serviceManagerFrom(given, 8)).to.deep.equal({ notifySocket: '@x', watchdogMicros: 0 });
    expect(serviceManagerFrom({}, 8)).to.deep.equal({ notifySocket: '', watchdogMicros: 0 });
  });

  it('says nothing where nobody asked', () => {
    const send = () => expect.fail('told somebody');
    using notifier = notifierFor({ notifySocket: '', watchdogMicros: 0 }, send, silentLogger());
    notifier.ready('serving');
    notifier.stopping();
  });
});
