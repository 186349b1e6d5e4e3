import { expect } from 'chai';
import { summarize, timed } from './samples.ts';
import type { Samples } from './samples.ts';

describe('benchmark samples', () => {
  it('takes median and 95th percentile between ranks, whatever the order', () => {
    expect(summarize([4, 1, 3, 2])).to.deep.equal({ count: 4, min: 1, median: 2.5, p95: 3.8499999999999996, max: 4 });
    expect(summarize([7])).to.deep.equal({ count: 1, min: 7, median: 7, p95: 7, max: 7 });
    expect(summarize([])).to.equal(undefined);
  });

  it('records what succeeded only', async () => {
    const samples: Samples = new Map();
    expect(await timed(samples, 'ExecSync', async () => 'done')).to.equal('done');
    const failed = await timed(samples, 'ExecSync', () => Promise.reject(new Error('no'))).catch(String);
    expect(failed).to.equal('Error: no');
    expect(samples.get('ExecSync')).to.have.length(1);
  });
});
