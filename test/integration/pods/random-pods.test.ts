import { limitMs, openLab, tryRandomPods } from './random-pods.ts';
import type { Lab } from './random-pods.ts';

/** Some by themselves: each run has others. */
const pods = Number(process.env['CRICKET_TEST_PODS'] ?? 10);

describe('pods of random fields', function () {
  this.timeout(limitMs(pods) + 120_000);
  let lab: Lab;
  before(async () => (lab = await openLab()));
  after(async () => lab.stop());

  it(`are what they were asked to be, and leave nothing: ${pods}`, async () => tryRandomPods(lab, pods));
});
