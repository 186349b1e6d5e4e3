import { expect } from 'chai';
import { Signal } from '../../../../api/cri/v1/api.ts';
import { signalNumber } from '../../../sandbox/container/stop-signal.ts';
import { encodeSignal } from './signal.ts';

const names = Object.entries(Signal).flatMap(([name, value]) => (value > 0 ? [name.slice('SIGNAL_'.length)] : []));
const aliases: Readonly<Record<string, string>> = { SIGIOT: 'SIGABRT', SIGPOLL: 'SIGIO', SIGCLD: 'SIGCHLD' };

describe('stop signals', () => {
  it('are told as they were asked for, aliases by their usual name', () => {
    for (const name of names) {
      const told = encodeSignal(signalNumber(name.replace('PLUS', '+').replace('MINUS', '-')));
      const wanted = (Signal as Readonly<Record<string, Signal>>)[`SIGNAL_${aliases[name] ?? name}`];
      expect(told, name).to.equal(wanted);
    }
  });

  it('of images are read by number and name, and SIGTERM where they make no sense', () => {
    expect(['', '9', 'usr1', 'SIGRTMIN+3', '0', '99', 'SIGRTMAX-60', 'x', '9.5'].map(signalNumber)).to.deep.equal([
      15, 9, 10, 37, 15, 15, 15, 15, 15,
    ]);
  });
});
