import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { endAll } from '../integration/events/oom-ends.ts';

describe('containers that run out of memory', function () {
  this.timeout(900_000);
  let cricket: Cricket;
  before(async () => (cricket = await startCricket()));
  after(() => cricket.stop());

  it('are OOMKilled and 137: 200 of 200, as init or as child of a shell', async () => endAll(cricket, 200));
});
