import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { killStorm } from './storm.ts';

describe('OOM kills while the daemon is away', function () {
  this.timeout(180_000);
  let cricket: Cricket;
  before(async () => (cricket = await startCricket()));
  after(() => cricket.stop());

  it('are counted and told when it is back, each once: 20 in 10 containers', async () => killStorm(cricket, 10, 2));
});
