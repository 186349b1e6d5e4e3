import { expect } from 'chai';
import type { TopAnswer, TopContainer } from '../../control/top.ts';
import { displayWidth } from '../text.ts';
import { binary, decimal, sorted } from './columns.ts';
import { frame } from './frame.ts';
import type { View } from './frame.ts';
import { layOut } from './layout.ts';
import { rowsOf } from './rows.ts';

const plain = { colour: false };
const MiB = 1024 * 1024;

function container(changes: Partial<TopContainer> = {}): TopContainer {
  return {
    ...{ id: 'c0ffee'.repeat(10), name: 'web', pod: 'front', namespace: 'shop', podId: 'p', state: 'running' },
    ...{ restarts: 3, oomKills: 0, at: 1000, cpuNs: 0, periods: 0, throttledPeriods: 0 },
    ...{ memoryBytes: 32 * MiB, memoryLimitBytes: 64 * MiB, pressure: { cpu: 0, memory: 0, io: 0 } },
    ...{ readBytes: 1500, writeBytes: 0, receivedBytes: 2e6, sentBytes: 999, pids: 7, pidsLimit: null },
    ...changes,
  };
}
const answer = (...containers: readonly TopContainer[]): TopAnswer => ({
  host: { cpus: 2, memoryBytes: 1024 * MiB },
  containers: [...containers],
});
const view: View = { order: 'cpu', reverse: false, offset: 0, problem: '' };

describe('cricket top', () => {
  it('makes rates of two looks, and none of one', () => {
    const before = answer(container({ at: 1000, cpuNs: 5e9, periods: 10, throttledPeriods: 4 }));
    const now = answer(container({ at: 3000, cpuNs: 8e9, periods: 30, throttledPeriods: 9 }));
    expect(rowsOf(now, before)[0]).to.include({ cpuPercent: 150, throttledPercent: 25, memoryPercent: 50 });
    expect(rowsOf(now, undefined)[0]).to.include({ cpuPercent: null, throttledPercent: null });
    const restarted = answer(container({ at: 3000, cpuNs: 1 }));
    expect(rowsOf(restarted, before)[0]).to.include({ cpuPercent: null });
  });

  it('counts memory of the node where a container has no limit, or a larger one', () => {
    const share = (memoryLimitBytes: number | null) =>
      rowsOf(answer(container({ memoryBytes: 512 * MiB, memoryLimitBytes })), undefined)[0]?.memoryPercent;
    expect([share(null), share(4096 * MiB), share(512 * MiB)]).to.deep.equal([50, 50, 100]);
  });

  it('writes numbers short', () => {
    expect([0, 1023, 1024, 1.5 * MiB, 999.6 * MiB, 64 * MiB].map(binary)).to.deep.equal([
      ...['0B', '1.00KiB', '1.00KiB', '1.50MiB', '0.98GiB', '64.0MiB'],
    ]);
    expect([0, 999, 1500, 2e6, 999_999].map(decimal)).to.deep.equal(['0B', '999B', '1.50kB', '2.00MB', '1.00MB']);
    expect(binary(null)).to.equal('-');
  });

  it('never writes a line wider than the terminal, and drops the least needed columns first', () => {
    const rows = rowsOf(answer(container(), container({ name: '名前'.repeat(20) })), undefined);
    const titles: string[] = [];
    for (let width = 1; width <= 220; width++) {
      const { header, lines } = layOut(rows, width, plain);
      for (const line of [header, ...lines]) expect(displayWidth(line), `at ${width}`).to.be.at.most(width);
      titles.push(header);
    }
    expect(titles[219]).to.match(/CONTAINER.* ID .*CPU %.*PSI.*RESTARTS$/);
    expect(titles[119]).to.contain('NET I/O').and.not.contain(' ID ');
    expect(titles[49]).to.match(/^CONTAINER +CPU % .*MEM %/);
  });

  it('orders by each key and by name where that is equal', () => {
    const rows = rowsOf(
      answer(
        container({ name: 'b', memoryBytes: 1 }),
        container({ name: 'c', memoryBytes: 9 }),
        container({ name: 'a', memoryBytes: 1 }),
      ),
      undefined,
    );
    const names = (...args: [Parameters<typeof sorted>[1], boolean]) => sorted(rows, ...args).map(({ name }) => name);
    expect(names('memory', false)).to.deep.equal(['c', 'a', 'b']);
    expect(names('memory', true)).to.deep.equal(['a', 'b', 'c']);
    expect(names('name', true)).to.deep.equal(['c', 'b', 'a']);
    expect(names('cpu', false)).to.deep.equal(['a', 'b', 'c']);
  });

  it('fills any screen with as many of five hundred containers as fit, wherever one has scrolled', () => {
    const now = answer(...Array.from({ length: 500 }, (_, i) => container({ name: `c${i}` })));
    for (const [columns, rows] of [
      ...([
        [80, 24],
        [200, 60],
        [20, 5],
        [80, 3],
        [1, 1],
      ] as const),
    ]) {
      const shown = frame({
        now,
        before: undefined,
        view: { ...view, offset: 1e9 },
        size: { columns, rows },
        terminal: plain,
      });
      expect(shown.lines.length).to.equal(rows);
      expect(shown.offset).to.equal(500 - Math.max(0, rows - 3));
      for (const line of shown.lines) expect(displayWidth(line)).to.be.at.most(columns);
    }
    const top = frame({ now, before: undefined, view, size: { columns: 120, rows: 24 }, terminal: plain });
    expect(top.lines[0]).to.contain('500 containers');
    expect(top.lines.at(-1)).to.contain('1-21 of 500');
  });

  it('says that nothing runs, and why what it shows is old', () => {
    const size = { columns: 80, rows: 10 };
    const empty = frame({ now: answer(), before: undefined, view, size, terminal: plain });
    expect(empty.lines[0]).to.contain('0 containers');
    expect(empty.lines.at(-1)).to.contain('no container runs here');
    const old = frame({
      now: answer(),
      before: undefined,
      view: { ...view, problem: 'gone\u001b' },
      size,
      terminal: plain,
    });
    expect(old.lines.at(-1)).to.match(/^gone\ufffd \(what is shown is old/);
  });

  it('lets no name steer the terminal', () => {
    const evil = answer(container({ name: '\u001b[2J\u202e', pod: '\n' }));
    const { lines } = layOut(rowsOf(evil, undefined), 200, plain);
    expect(lines.join()).to.not.match(/[\u0000-\u001f\u202e]/);
  });
});
