import { expect } from 'chai';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { soak, soakOptions } from '../fixtures/soak/cycles.ts';
import { growth, grown, table } from '../fixtures/soak/samples.ts';

/** One each second makes an hour. */
const cycles = 3600;
const every = 60;
/** Samples that begin after ten minutes, and those at the end. */
const compared = 10;

describe('an hour of containers that come and go', function () {
  this.timeout(170 * 60_000);
  let cricket: Cricket;
  before(async () => (cricket = await startCricket(soakOptions)));
  after(() => cricket.stop());

  it('does not grow after the tenth minute: memory, descriptors, threads, cgroups, monitors', async () => {
    const samples = await soak(cricket, { pods: 30, cycles, period: 1000, every }, (sample) =>
      console.log(JSON.stringify(sample)),
    );
    const change = growth(samples.slice(10, 10 + compared), samples.slice(-compared));
    console.log(
      table(
        samples.filter(({ cycle }) => cycle % 600 === 0),
        change,
      ),
    );
    expect(grown(change)).to.deep.equal([]);
  });
});
