import { expect } from 'chai';
import { goPattern } from './go-pattern.ts';
import { parseHookFile } from './hook-file.ts';
import { isMeant } from './match.ts';

const file = (when: object, more: object = {}) =>
  parseHookFile(JSON.stringify({ version: '1.0.0', hook: { path: '/bin/true' }, when, stages: ['prestart'], ...more }));
const subject = { annotations: { 'com.example/a': 'yes', b: 'no' }, command: '/usr/bin/nginx', hasBindMounts: false };

describe('a hook', () => {
  const cases: readonly (readonly [object, boolean])[] = [
    [{}, false],
    [{ always: true }, true],
    [{ always: false }, false],
    [{ always: false, commands: ['.*'] }, false],
    [{ hasBindMounts: true }, false],
    [{ always: true, hasBindMounts: true }, false],
    [{ commands: ['^/bin/', 'nginx$'] }, true],
    [{ commands: ['^nginx'] }, false],
    [{ commands: [] }, false],
    [{ annotations: { '^com\\.example/': '^y' } }, true],
    [{ annotations: { '^com\\.example/': '^n' } }, false],
    [{ annotations: { a: 'yes', '^b$': 'no' } }, true],
    [{ annotations: { a: 'yes', '^b$': 'yes' } }, false],
    [{ annotations: { a: 'yes' }, commands: ['apache'] }, false],
  ];
  for (const [when, meant] of cases)
    it(`${meant ? 'means' : 'does not mean'} a container by ${JSON.stringify(when)}`, () => {
      expect(isMeant(file(when).when, subject)).to.equal(meant);
    });

  it('reads patterns in the spelling of Go, or not at all', () => {
    expect(goPattern('(?i)NGINX').test('nginx')).to.equal(true);
    expect(goPattern('\\A/usr\\z').test('/usr\n')).to.equal(false);
    expect(goPattern('nvidia\\-smi').test('nvidia-smi')).to.equal(true);
    expect(goPattern('[a\\-c]').test('b')).to.equal(false);
    for (const wrong of ['[[:alpha:]]', '(', '\\pX', '*'])
      expect(() => file({ commands: [wrong] })).to.throw('not understood');
  });

  it('is not taken from a file that says something else', () => {
    const wrong: readonly (readonly [object, string])[] = [
      [{ version: '0.1.0' }, 'version: must be 1.0.0'],
      [{ stages: [] }, 'stages'],
      [{ stages: ['prestop'] }, 'stages.0'],
      [{ hook: { path: 'sh' } }, 'hook.path: must be an absolute path'],
      [{ hook: { path: '/x', timeout: 0 } }, 'hook.timeout'],
      [{ when: { never: true } }, 'when'],
      [{ extra: 1 }, 'extra'],
    ];
    for (const [more, said] of wrong) expect(() => file({ always: true }, more)).to.throw(said);
    expect(() => parseHookFile('{')).to.throw('not JSON');
  });
});
