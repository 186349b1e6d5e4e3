import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import type { StreamRequest } from './request.ts';
import { tokenPattern, Tokens } from './tokens.ts';

const request: StreamRequest = { kind: 'portforward', podId: 'p', ports: [] };

function counted() {
  const gauge = { value: 0, inc: () => void (gauge.value += 1), dec: () => void (gauge.value -= 1) };
  return gauge;
}

describe('tokens', () => {
  it('are good once, all different, and fit their pattern', () => {
    const waiting = counted();
    using tokens = new Tokens({ limit: 1000, waiting });
    const all = Array.from({ length: 1000 }, () => tokens.issue(request));
    expect(new Set(all).size).to.equal(1000);
    expect(all.every((token) => new RegExp(`^${tokenPattern}$`).test(token))).to.equal(true);
    expect(Buffer.from(all[0] ?? '', 'base64url').length * 8).to.be.at.least(128);
    expect(tokens.take(all[0] ?? '')?.request).to.equal(request);
    expect(tokens.take(all[0] ?? '')).to.equal(undefined);
    expect(waiting.value).to.equal(999);
  });

  it('do not outlive their time', async () => {
    const waiting = counted();
    using tokens = new Tokens({ limit: 1, waiting, lifeMs: 5 });
    const token = tokens.issue(request);
    await delay(30);
    expect(tokens.take(token)).to.equal(undefined);
    expect(waiting.value).to.equal(0);
    tokens.issue(request);
  });

  it('are refused over the limit', () => {
    using tokens = new Tokens({ limit: 2, waiting: counted() });
    const first = tokens.issue(request);
    tokens.issue(request);
    expect(() => tokens.issue(request)).to.throw(
      '2 streams were asked for and not begun; begin them, or ask again in 60 s',
    );
    tokens.take(first);
    tokens.issue(request);
  });

  it('unknown to everybody are unknown here', () => {
    using tokens = new Tokens({ limit: 2, waiting: counted() });
    for (const text of ['', '__proto__', 'constructor', 'A'.repeat(32)]) expect(tokens.take(text)).to.equal(undefined);
  });
});
