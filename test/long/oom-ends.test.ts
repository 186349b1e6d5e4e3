import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { patience } from '../fixtures/pace.ts';
import { endAll } from '../integration/events/oom-ends.ts';

/** A machine in emulation is a quarter of an hour at two hundred. */
const containers = patience(1) > 1 ? 100 : 200;

describe('containers that run out of memory', function () {
  this.timeout(900_000);
  let cricket: Cricket;
  before(async () => (cricket = await startCricket()));
  after(() => cricket.stop());

  it(`are OOMKilled and 137: ${containers} of ${containers}, as init or as child of a shell`, async () =>
    endAll(cricket, containers));
});
