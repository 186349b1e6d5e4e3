import { expect } from 'chai';
import type { TopAnswer, TopContainer } from '../control/top.ts';
import { History, windowMs } from './history.ts';
import { markup } from './html.ts';
import { bar, plot } from './plot.ts';

const never = new AbortController().signal;
const container = (at: number, cpuNs: number) =>
  ({ id: 'c', at, cpuNs, memoryBytes: 10, pressure: {}, memoryLimitBytes: null }) as unknown as TopContainer;
const host = { cpus: 2, memoryBytes: 100 };

describe('the status page', () => {
  it('takes everything for text that is not markup of its own', () => {
    const name = `<b onclick="x">'&`;
    expect(markup`<td title="${name}">${name}${3}${[markup`<i>${'<'}</i>`]}</td>`.html).to.equal(
      '<td title="&lt;b onclick=&quot;x&quot;&gt;&#39;&amp;">&lt;b onclick=&quot;x&quot;&gt;&#39;&amp;3<i>&lt;</i></td>',
    );
  });

  it('measures when somebody looks, once for those who look together, and forgets what is old', async () => {
    let taken = 0;
    let answer: TopAnswer = { host, containers: [] };
    const history = new History(async () => {
      taken += 1;
      return answer;
    });
    const points = async (now: number) =>
      (await history.look(now, never))[0]?.points.map(({ cpuPercent }) => cpuPercent);
    answer = { host, containers: [container(1000, 0)] };
    expect(await points(1000), 'one look says nothing of a rate').to.deep.equal([]);
    answer = { host, containers: [container(3000, 1e9)] };
    expect(await points(3000)).to.deep.equal([50]);
    expect(await points(3500)).to.deep.equal([50]);
    expect(taken).to.equal(2);
    answer = { host, containers: [container(5000, 1e9)] };
    expect(await points(5000)).to.deep.equal([50, 0]);
    answer = { host, containers: [container(9e6, 2e9)] };
    expect(await points(5000 + windowMs + 1), 'after a pause').to.deep.equal([]);
    answer = { host, containers: [] };
    expect(await history.look(9e9, never)).to.deep.equal([]);
  });

  it('draws within its frame, whatever the values', () => {
    const at = (value: number, seconds: number) => ({ at: 120_000 - seconds * 1000, value });
    const { html } = plot({ label: 'a "b"', points: [at(5, 120), at(1e12, 60), at(0, 0)], top: 10, now: 120_000 });
    expect(html).to.contain('aria-label="a &quot;b&quot;"').and.contain('M0.0,27.5L60.0,0.5L120.0,27.5');
    expect(plot({ label: '', points: [at(1, 0)], top: 0, now: 120_000 }).html).to.contain('class="line" d=""');
    expect(bar('', 7).html).to.contain('class="part" width="120"');
    expect(bar('', -1).html).to.contain('class="part" width="0"');
  });
});
