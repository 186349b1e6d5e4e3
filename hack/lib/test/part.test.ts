import { expect } from 'chai';
import { fork } from 'node:child_process';
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leftOut } from '../../../test/vm/left-out.ts';
import { chooseLanes, laneNames } from './lanes.ts';

describe('a part of a test run', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'cricket-part-'))));
  after(() => rmSync(folder, { recursive: true }));

  it('counts what passed, failed, in hooks too, and was skipped', async () => {
    const body = `it('a', () => {}); it('b', () => { throw new Error('no'); }); it.skip('c'); it('d');
      after(() => { throw new Error('hook'); });`;
    const { counts, code } = await runFile(body);
    expect(counts).to.deep.equal({
      passed: 1,
      failed: 2,
      skipped: 2,
      failures: ['x b\nno', 'x "after all" hook for "d"\nhook'],
    });
    expect(code).to.equal(1);
  });

  it('ends although a test left a timer running', async () => {
    const { counts, code } = await runFile(`it('a', () => { setInterval(() => {}, 1000); });`);
    expect(counts).to.deep.equal({ passed: 1, failed: 0, skipped: 0, failures: [] });
    expect(code).to.equal(0);
  });

  it('fails when a signal ended it before its last test, from whomever', async () => {
    const { counts, code } = await runFile(
      `it('a', (done) => { process.kill(process.pid, 'SIGTERM'); setTimeout(done, 50); }); it('b', () => {});`,
    );
    expect(counts).to.deep.equal({
      passed: 1,
      failed: 1,
      skipped: 0,
      failures: ['ended by SIGTERM during: x a; what follows did not run'],
    });
    expect(code).to.equal(1);
  });

  it('gives a test up at the second interrupt, and runs its hooks', async () => {
    const { counts } = await runFile(
      `const end = () => process.kill(process.pid, 'SIGTERM');
      it('a', (done) => { end(); setTimeout(end, 20); setTimeout(end, 800); setTimeout(done, 60_000); }).timeout(0);
      it('b', () => {}); after(() => { throw new Error('hook'); });`,
    );
    const during = 'ended by SIGTERM during: x a; what follows did not run';
    expect(counts).to.deep.equal({
      passed: 0,
      failed: 3,
      skipped: 0,
      failures: ['x a\nended by SIGTERM', 'x "after all" hook for "b"\nhook', during],
    });
  });

  it('counts nothing when the file does not load', async () => {
    const { counts, code } = await runFile(`}`);
    expect(counts).to.equal(undefined);
    expect(code).to.equal(1);
  });

  async function runFile(body: string) {
    const file = join(folder, `${Math.random()}.test.mjs`);
    writeFileSync(file, `describe('x', () => { ${body} });`);
    const child = fork(join(import.meta.dirname, 'part.ts'), [file], { silent: true });
    const told: unknown[] = [];
    child.on('message', (message) => told.push(message));
    const code = await new Promise((resolve) => child.once('close', resolve));
    return { counts: told[0], code };
  }
});

describe('lanes', () => {
  const root = join(import.meta.dirname, '../../..');

  it('give every test file of the repository to one lane, and some to machines too', () => {
    const lanes = chooseLanes({ all: false, lanes: laneNames, only: [] }, root);
    const every = globSync('{api,src,metrics,hack,test}/**/*.test.ts', { cwd: root });
    expect(new Set(lanes.flatMap((lane) => lane.files))).to.have.all.keys(every);
    const here = lanes.filter(({ machine, runtime }) => machine === undefined && runtime === undefined);
    const files = here.flatMap((lane) => lane.files);
    expect(new Set(files).size).to.equal(files.length);
    const elsewhere = every.filter((file) => !files.includes(file));
    expect(elsewhere.filter((file) => !file.startsWith('test/vm/'))).to.deep.equal([]);
  });

  it('leave out of machines only what there is', () => {
    for (const { files } of leftOut) expect(globSync(files, { cwd: root }), files).to.not.deep.equal([]);
  });

  it('are all run by --all, but the one that takes an hour, and the one of which another has all', () => {
    const lanes = chooseLanes({ all: true, lanes: [], only: [] }, root);
    const names = lanes.map(({ name }) => name);
    expect(laneNames.filter((name) => !names.includes(name))).to.deep.equal(['v2-smoke', 'soak']);
    expect(lanes.find(({ name }) => name === 'v2')?.files).to.include('test/conformance/critest.test.ts');
  });

  it('are whole where they are named', () => {
    const files = (all: boolean, lanes: readonly string[]) =>
      chooseLanes({ all, lanes, only: [] }, root).find(({ name }) => name === 'v2-6.1')?.files ?? [];
    const named = files(false, ['v2-6.1']);
    expect(files(true, ['v2-6.1'])).to.deep.equal(named);
    expect(named).to.include.members([...files(true, [])]);
  });

  it('are chosen by name, and files by glob', () => {
    const [lane, ...others] = chooseLanes(
      { all: false, lanes: ['unit'], only: ['hack/lib/test/p*', '**/abort.test.ts'] },
      root,
    );
    expect(others).to.deep.equal([]);
    expect(lane?.files).to.have.members(['hack/lib/test/part.test.ts', 'src/base/abort.test.ts']);
  });
});
