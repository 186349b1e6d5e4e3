import { expect } from 'chai';
import { runCommand } from './run.ts';

const never = new AbortController().signal;
const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('runCommand', () => {
  it('gives both streams and the exit code, and feeds the input', async () => {
    const ran = await runCommand('sh', ['-c', 'cat; echo no >&2; exit 3'], { signal: never, input: 'in' });
    expect(ran).to.deep.equal({ code: 3, stdout: 'in', stderr: 'no\n' });
  });

  it('tells a death by signal as 128 + n', async () => {
    expect((await runCommand('sh', ['-c', 'kill -9 $$'], { signal: never })).code).to.equal(137);
  });

  it('kills what the signal ends', async () => {
    const started = Date.now();
    const error = await errorOf(runCommand('sleep', ['30'], { signal: AbortSignal.timeout(50) }));
    expect(error).to.have.property('code', 'deadline_exceeded');
    expect(Date.now() - started).to.be.lessThan(5000);
  });

  it('tells a program that is not there', async () => {
    expect(await errorOf(runCommand('/nonexistent', [], { signal: never }))).to.have.property('code', 'not_found');
  });
});
