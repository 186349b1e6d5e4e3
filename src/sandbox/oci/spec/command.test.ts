import { expect } from 'chai';
import { chooseCommand } from './command.ts';

const image = { entrypoint: ['/entry'], cmd: ['image', 'args'] };
const choose = (command: string[], args: string[], from: { entrypoint: string[]; cmd: string[] } = image) =>
  chooseCommand('abc', { command, args, ...from });

describe('what to run', () => {
  it("is the image's entrypoint with its Cmd", () => {
    expect(choose([], [])).to.deep.equal(['/entry', 'image', 'args']);
  });

  it('is the entrypoint with the args given', () => {
    expect(choose([], ['own'])).to.deep.equal(['/entry', 'own']);
  });

  it("is the command given, without the image's Cmd", () => {
    expect(choose(['/own'], [])).to.deep.equal(['/own']);
    expect(choose(['/own'], ['arg'])).to.deep.equal(['/own', 'arg']);
  });

  it('is Cmd or args alone without an entrypoint, or with a cleared one', () => {
    for (const entrypoint of [[], ['']]) {
      expect(choose([], [], { entrypoint, cmd: ['sh'] })).to.deep.equal(['sh']);
      expect(choose([], ['own'], { entrypoint, cmd: ['sh'] })).to.deep.equal(['own']);
    }
  });

  it('is refused when nothing is left', () => {
    for (const entrypoint of [[], ['']])
      expect(() => choose([], [], { entrypoint, cmd: [] }))
        .to.throw('nothing to run')
        .with.property('code', 'invalid_argument');
  });
});
