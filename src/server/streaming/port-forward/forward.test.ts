import { expect } from 'chai';
import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import type { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { fail } from '../../../base/errors.ts';
import { Channel } from '../channel.ts';
import { forward, problemText } from './forward.ts';

/** A channel whose client takes nothing until it is let. */
function slowChannel() {
  const sent: string[] = [];
  const waiting: (() => void)[] = [];
  const channel = new Channel(1, {
    send: (_, chunk, done) => {
      sent.push(chunk.toString());
      waiting.push(done);
    },
    finish: () => void sent.push('end'),
    forget: (_, whole) => void sent.push(whole ? 'over' : 'reset'),
    wanted: () => undefined,
  });
  return { channel, sent, go: () => waiting.splice(0).forEach((done) => done()) };
}

const settle = async () => {
  for (let i = 0; i < 10; i += 1) await turn();
};

describe('one forwarded connection', () => {
  it('sends what the port said before it closed, however slow its client is', async () => {
    const { channel, sent, go } = slowChannel();
    const [ours, ports] = duplexPair();
    const over = forward(channel, 80, async () => ours, { halfClose: true });
    ports.write('first');
    ports.end('last');
    ports.resume();
    channel.receiveEnd();
    await once(ports, 'close');
    await over;
    await settle();
    expect(sent).to.deep.equal(['first']);
    for (let i = 0; i < 3; i += 1) {
      go();
      await settle();
    }
    expect(sent).to.deep.equal(['first', 'last', 'end', 'over']);
  });

  it('is reset when the port breaks it, and says nothing', async () => {
    const { channel, sent } = slowChannel();
    const [ours, ports] = duplexPair();
    const over = forward(channel, 80, async () => ours, { halfClose: true });
    await settle();
    ours.destroy(new Error('ECONNRESET'));
    expect(await over).to.equal(undefined);
    await settle();
    expect(sent).to.deep.equal(['reset']);
    ports.destroy();
  });

  it('says why it could not be made', async () => {
    const { channel } = slowChannel();
    const refused = async (): Promise<Duplex> => Promise.reject(fail('unavailable', 'nothing listens'));
    const problem = await forward(channel, 81, refused, { halfClose: true });
    expect(problemText(81, problem)?.toString()).to.equal('error forwarding port 81: nothing listens');
    expect(problemText(81, undefined)).to.equal(undefined);
  });

  it('closes a port that answers after the client has gone', async () => {
    const { channel } = slowChannel();
    const [ours, ports] = duplexPair();
    const dialled = Promise.withResolvers<Duplex>();
    let told: AbortSignal | undefined;
    const over = forward(channel, 80, async (_, signal) => ((told = signal), dialled.promise), { halfClose: true });
    channel.destroy();
    await settle();
    expect(told?.aborted).to.equal(true);
    dialled.resolve(ours);
    expect(await over).to.equal(undefined);
    expect(ours.destroyed).to.equal(true);
    ports.destroy();
  });
});
