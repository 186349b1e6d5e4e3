import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { completion } from '../../../src/server/cli/completion.ts';
import { commandPage, configPage } from './man.ts';
import { programOf } from './program.ts';

/** Warnings of the formatter are errors of ours. */
function formatted(page: string): string {
  const args = ['-man', '-Tutf8', '-P-cbou', '-ww', '-z'];
  execFileSync('groff', args, { input: page, stdio: ['pipe', 'pipe', 'inherit'] });
  return execFileSync('groff', args.slice(0, -2), { input: page, encoding: 'utf8' });
}

describe('manual pages and completion', () => {
  it('name every command and flag there is', () => {
    const program = programOf();
    const page = formatted(commandPage(program, '1.2.3'));
    const script = completion('bash', program);
    const check = (command: typeof program, words: readonly string[]) => {
      for (const child of command.commands) check(child, [...words, child.name()]);
      if (command.commands.length === 0) expect(page).to.include(words.join(' '));
      for (const { long } of command.options) {
        expect(page).to.include(long ?? '');
        expect(script).to.include(long ?? '');
      }
    };
    check(program, ['cricket']);
    expect(page).to.include('1.2.3');
  });

  it('have every setting, in words that the formatter understands', () => {
    const page = formatted(configPage('1.2.3'));
    expect(page)
      .to.match(/\[images\.verification\.NAME\]/)
      .and.match(/max_parallel_pulls/)
      .and.match(/^ +level +Least +severe/m);
  });
});
