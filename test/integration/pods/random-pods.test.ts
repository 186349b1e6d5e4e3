import { limitMs, openLab, tryRandomPods } from './random-pods.ts';
import type { Lab } from './random-pods.ts';

describe('pods of random fields', function () {
  this.timeout(limitMs(10) + 120_000);
  let lab: Lab;
  before(async () => (lab = await openLab()));
  after(async () => lab.stop());

  it('are what they were asked to be, and leave nothing: 10', async () => tryRandomPods(lab, 10));
});
