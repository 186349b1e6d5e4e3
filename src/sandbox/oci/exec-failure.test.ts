import { expect } from 'chai';
import { execFailure } from './exec-failure.ts';

const failureOf = (code: number, stderr: string, stdout = '') =>
  execFailure({
    ending: { kind: 'exited', code },
    stdout: Buffer.from(stdout),
    stderr: Buffer.from(stderr),
    cut: false,
  });

describe('failures of an exec', () => {
  it('are known by what crun and runc say', () => {
    for (const [code, text, said] of [
      [255, 'executable file `x` not found in $PATH: No such file or directory\n', 'executable file `x` not found'],
      [255, '2026-11-21T11:54:58.123Z: open executable: Permission denied\n', 'open executable: Permission denied'],
      [
        255,
        'time="T" level=error msg="exec failed: unable to start container process: exec: \\"x\\": gone"\n',
        'exec: "x"',
      ],
      [1, 'exec: Exec format error\n', 'exec: Exec format error'],
      [1, 'exec /x: no such file or directory\n', 'exec /x: no such file'],
    ] as const)
      expect(failureOf(code, text)).to.include(said);
  });

  it('are not what a program says of itself', () => {
    expect(failureOf(0, 'executable file `x` not found in $PATH\n')).to.equal(undefined);
    expect(failureOf(1, 'executable file `x` not found in $PATH\n')).to.equal(undefined);
    expect(failureOf(255, 'executable file `x` not found in $PATH\n', 'but')).to.equal(undefined);
    expect(failureOf(255, 'first\nexecutable file `x` not found in $PATH\n')).to.equal(undefined);
    expect(failureOf(127, '/bin/x: line 1: abc: not found\n')).to.equal(undefined);
    expect(failureOf(1, 'sh: exec: line 1: /x: not found\n')).to.equal(undefined);
    expect(failureOf(255, `executable file \`${'x'.repeat(5000)}\` not found in $PATH\n`)).to.equal(undefined);
  });
});
