import { expect } from 'chai';
import { describeSpan, traced, traceFields } from './trace.ts';

describe('a traced step, while traces are off', () => {
  it('is the work alone: its result, its error, no fields in the log', async () => {
    expect(await traced('step', () => 7)).to.equal(7);
    const thrown = new Error('no');
    expect(await traced('step', () => Promise.reject(thrown)).catch((error: unknown) => error)).to.equal(thrown);
    const thrownAtOnce = () => {
      throw thrown;
    };
    expect(await traced('step', thrownAtOnce).catch((error: unknown) => error)).to.equal(thrown);
    describeSpan({ a: 1 });
    expect(traceFields()).to.deep.equal({});
  });
});
