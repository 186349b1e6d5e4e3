import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { InterfaceReader } from '../../../src/linux/interface-counters.ts';
import { eventually } from '../../fixtures/pods.ts';

const name = `crkcount-${process.pid}`;
const [inside, outside] = [`crkin${process.pid}`, `crkout${process.pid}`];
const ip = (...args: readonly string[]) => execFileSync('ip', args, { encoding: 'utf8' });
const links = () => ip('-o', 'link', 'show');

describe('interface counters of network namespaces', () => {
  before(() => {
    ip('netns', 'add', name);
    ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', name);
    ip('link', 'set', outside, 'up');
    ip('-n', name, 'link', 'set', inside, 'up');
  });
  after(() => {
    for (const undo of [
      ['netns', 'del', name],
      ['link', 'del', outside],
    ])
      try {
        ip(...undo);
      } catch {
        continue;
      }
  });

  it('are read again and again, without keeping alive what they are of', async function () {
    this.timeout(60_000);
    const reader = new InterfaceReader();
    const home = readlinkSync('/proc/thread-self/ns/net');
    const pinned = [
      { id: 'gone', netns: `/run/netns/${name}-gone` },
      { id: 'here', netns: `/run/netns/${name}` },
    ];
    const read = () => reader.read(pinned);
    expect(read()[0], 'no such namespace').to.equal(undefined);
    const sent = () => read()[1]?.find((one) => one.name === inside)?.txPackets ?? 0;
    const before = sent();
    // Each reading is a new one, not the first over again.
    ip('-n', name, 'addr', 'add', '192.0.2.1/30', 'dev', inside);
    ip('netns', 'exec', name, 'bash', '-c', 'echo asks who that is > /dev/udp/192.0.2.2/9');
    await eventually(() => expect(sent()).to.be.above(before));
    expect(readlinkSync('/proc/thread-self/ns/net'), 'the thread is back').to.equal(home);
    ip('netns', 'del', name);
    await eventually(() => expect(links(), 'the link goes with its namespace').not.to.include(outside));
    expect(read()).to.deep.equal([undefined, undefined]);
    reader.forget('here');
  });
});
