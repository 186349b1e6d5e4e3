import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { killStorm } from '../integration/events/storm.ts';

describe('OOM kills, many', function () {
  this.timeout(300_000);
  let cricket: Cricket;
  before(async () => (cricket = await startCricket()));
  after(() => cricket.stop());

  it('are all counted: 100 in 20 containers, over a daemon that is killed', async () => killStorm(cricket, 20, 5));
});
