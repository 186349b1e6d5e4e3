import { expect } from 'chai';
import { Rollback, describeFailures } from './rollback.ts';

function recorder() {
  const said: string[] = [];
  const end = { clean: () => void said.push('clean'), stuck: (f: never[]) => void said.push(describeFailures(f)) };
  return { said, end: end as unknown as ConstructorParameters<typeof Rollback>[0] };
}

describe('Rollback', () => {
  it('undoes in reverse order and then says that nothing is left', async () => {
    const { said, end } = recorder();
    {
      await using undo = new Rollback(end);
      undo.defer('a', () => void said.push('a'));
      undo.defer('b', () => void said.push('b'));
    }
    expect(said).to.deep.equal(['b', 'a', 'clean']);
  });

  it('undoes nothing after commit', async () => {
    const { said, end } = recorder();
    {
      await using undo = new Rollback(end);
      undo.defer('a', () => void said.push('a'));
      undo.commit();
    }
    expect(said).to.deep.equal([]);
  });

  it('goes on past a failure and reports it by name', async () => {
    const { said, end } = recorder();
    {
      await using undo = new Rollback(end);
      undo.defer('a', () => void said.push('a'));
      undo.defer('link', () => Promise.reject(new Error('busy')));
    }
    expect(said).to.deep.equal(['a', 'link: busy']);
  });

  it('keeps the error that ended the scope', async () => {
    const { end } = recorder();
    const work = async () => {
      await using undo = new Rollback(end);
      undo.defer('a', () => undefined);
      throw new Error('first');
    };
    expect(await work().catch((error: unknown) => String(error))).to.equal('Error: first');
  });
});
