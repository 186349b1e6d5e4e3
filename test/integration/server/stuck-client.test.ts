import { expect } from 'chai';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';

/** RFC 9113, 3.4: the client's preface and an empty SETTINGS frame. */
const preface = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);

describe('a client that does not close its end', () => {
  let cricket: Cricket;
  let client: Socket;
  before(async () => (cricket = await startCricket({ demo: false })));
  after(async () => {
    client.destroy();
    await cricket.stop();
  });

  it('does not hold the daemon when that is told to end', async () => {
    client = connect({ path: cricket.socket, allowHalfOpen: true });
    client.write(preface);
    await new Promise((resolve) => client.once('data', resolve));
    client.resume();
    await Promise.race([cricket.sigterm(), cricket.ended(5_000)]);
    expect(client.readableEnded).to.equal(true);
  });
});
