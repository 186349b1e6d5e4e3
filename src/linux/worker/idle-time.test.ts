import { expect } from 'chai';
import { IdleTime } from './idle-time.ts';

const hour = 3_600_000;

describe('the time that an unused Worker is kept', () => {
  it('doubles with each that was wanted again soon after its end, up to an hour', () => {
    const idle = new IdleTime(5000);
    idle.started(0);
    expect(idle.ms, 'of the first').to.equal(5000);
    const kept = [];
    for (let day = 0; day < 12; day++) {
      idle.ended(day * 10_000);
      idle.started(day * 10_000 + 1000);
      // The second of a burst is no sign of anything.
      idle.started(day * 10_000 + 1001);
      kept.push(idle.ms / 1000);
    }
    expect(kept).to.deep.equal([10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]);
  });

  it('is the least again once nobody wanted one for an hour', () => {
    const idle = new IdleTime(5000);
    idle.ended(0);
    idle.started(1);
    expect(idle.ms).to.equal(10_000);
    idle.ended(10_000);
    idle.started(10_000 + hour);
    expect(idle.ms).to.equal(5000);
  });
});
