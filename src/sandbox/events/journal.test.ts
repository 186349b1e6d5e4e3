import { expect } from 'chai';
import { appendFile, chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../base/log.ts';
import type { CricketEvent, NewEvent } from './event.ts';
import { EventLog } from './event-log.ts';
import { Journal } from './journal.ts';

const started: NewEvent = { type: 'daemon', action: 'start', attributes: {} };
const exec: NewEvent = { type: 'container', action: 'exec', attributes: {} };
const named = (name: string): NewEvent => ({
  ...{ type: 'pod', action: 'create', attributes: {} },
  pod: { id: 'a', namespace: 'n', name },
});

async function all(events: AsyncIterable<CricketEvent>): Promise<CricketEvent[]> {
  const found: CricketEvent[] = [];
  for await (const event of events) found.push(event);
  return found;
}
const numbers = async (log: EventLog) => (await all(log.history())).map(({ seq }) => seq);

describe('the journal', () => {
  let directory: string;
  beforeEach(async () => {
    directory = join(await mkdtemp(join(tmpdir(), 'cricket-journal-')), 'events');
  });
  afterEach(() => rm(join(directory, '..'), { recursive: true }));

  const open = (maxBytes = 1024 * 1024) => Journal.open({ directory, maxBytes, log: silentLogger() });
  const file = () => join(directory, 'events.jsonl');

  it('has all events in order after a restart, which goes on with their numbers', async () => {
    {
      await using journal = await open();
      const log = await EventLog.open(journal);
      for (const event of [started, exec, named('ü\n\u0007'), exec]) log.publish(event);
    }
    await using journal = await open();
    const log = await EventLog.open(journal);
    expect(log.recent()).to.have.length(4);
    log.publish(started);
    const found = await all(log.history());
    expect(found.map(({ seq, action }) => `${seq} ${action}`)).to.deep.equal([
      ...['1 start', '2 exec', '3 create', '4 exec', '5 start'],
    ]);
    expect(found[2]?.pod?.name).to.equal('ü\n\u0007');
    expect((await stat(file())).mode & 0o777).to.equal(0o600);
  });

  it('skips a line that a crash tore, and does not add to it', async () => {
    {
      await using journal = await open();
      const log = await EventLog.open(journal);
      log.publish(started);
      log.publish(named('torn'));
    }
    await truncate(file(), (await stat(file())).size - 9);
    await using journal = await open();
    const log = await EventLog.open(journal);
    log.publish(started);
    log.publish(started);
    expect(await numbers(log)).to.deep.equal([1, 2, 3]);
  });

  it('stays within its bound, keeps the newest, and commands push out no lives', async () => {
    await using journal = await open(8_000);
    const log = await EventLog.open(journal);
    log.publish(started);
    for (let round = 0; round < 50; round++) {
      for (let turn = 0; turn < 10; turn++) log.publish(exec);
      await all(log.history());
    }
    expect((await numbers(log))[0]).to.equal(1);
    for (let round = 0; round < 200; round++) {
      log.publish(named('x'.repeat(50)));
      await numbers(log);
    }
    const sizes = await Promise.all(
      (await readdir(directory)).map(async (name) => (await stat(join(directory, name))).size),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).to.be.below(9_000);
    const found = await numbers(log);
    expect(found[0]).to.be.above(1);
    expect(found.at(-1)).to.equal(701);
    expect(found).to.deep.equal([...found].sort((a, b) => a - b));
  });

  it('follows without a gap or a double between the past and the present', async () => {
    await using journal = await open();
    const log = await EventLog.open(journal);
    for (let i = 0; i < 500; i++) log.publish(i % 3 === 0 ? exec : started);
    const gone = new AbortController();
    const found: number[] = [];
    let more = 500;
    const done = (async () => {
      for await (const { seq } of log.follow({ history: true }, gone.signal)) {
        found.push(seq);
        // While the past is still read.
        if (more > 0 && seq % 5 === 0) for (let i = 0; i < 5; i++, more--) log.publish(more % 2 === 0 ? exec : started);
        if (found.length === 1000) break;
      }
    })();
    await done;
    expect(found).to.deep.equal(Array.from({ length: 1000 }, (_, i) => i + 1));
  });

  it('loses lines to a disk that refuses them, never an event to who follows, and goes on after it', async () => {
    await using journal = await open();
    const log = await EventLog.open(journal);
    log.publish(started);
    await numbers(log);
    await rm(file());
    await mkdir(file());
    // The open file is the old one: a new life finds the directory in its place.
    await using second = await open();
    const hindered = await EventLog.open(second);
    using gone = { signal: AbortSignal.timeout(5_000), [Symbol.dispose]: () => undefined };
    const live = hindered.follow({ history: false }, gone.signal);
    const first = live.next();
    hindered.publish(started);
    expect((await first).value).to.have.property('action', 'start');
    expect(await numbers(hindered)).to.deep.equal([]);
    await rm(file(), { recursive: true });
    hindered.publish(started);
    expect(await numbers(hindered)).to.have.length(1);
    await live.return(undefined);
  });

  it('reads past lines that are none of its own', async () => {
    await mkdir(directory);
    await writeFile(file(), 'nonsense\n{"seq":1}\n\n');
    await appendFile(file(), Buffer.from([0xff, 0xfe, 10]));
    await chmod(file(), 0o600);
    await using journal = await open();
    const log = await EventLog.open(journal);
    log.publish(started);
    expect(await numbers(log)).to.deep.equal([1]);
    expect(await readFile(file(), 'utf8')).to.contain('nonsense');
  });
});
