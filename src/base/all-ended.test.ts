import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import { allEnded } from './all-ended.ts';

describe('allEnded', () => {
  it('answers in the order asked for', async () => {
    expect(await allEnded([delay(2, 'a'), 1, delay(1, 'b')])).to.deep.equal(['a', 1, 'b']);
    expect(await allEnded([])).to.deep.equal([]);
  });

  it('waits for the others where one fails', async () => {
    const done: string[] = [];
    const late = async () => {
      await delay(20);
      done.push('late');
    };
    const failing = [Promise.reject(new Error('first')), late(), Promise.reject(new Error('second'))];
    const error = await allEnded(failing).catch((reason: unknown) => String(reason));
    expect([error, ...done]).to.deep.equal(['Error: first', 'late']);
  });
});
