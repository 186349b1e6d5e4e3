import { limitMs, openLab, tryRandomPods } from '../integration/pods/random-pods.ts';
import type { Lab } from '../integration/pods/random-pods.ts';

describe('many pods of random fields', function () {
  this.timeout(limitMs(200) + 120_000);
  let lab: Lab;
  before(async () => (lab = await openLab()));
  after(async () => lab.stop());

  it('are what they were asked to be, and leave nothing: 200', async () => tryRandomPods(lab, 200));
});
