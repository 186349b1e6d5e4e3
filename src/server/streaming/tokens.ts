import { randomBytes } from 'node:crypto';
import { fail } from '../../base/errors.ts';
import { resumeTrace } from '../../base/trace.ts';
import type { StreamRequest } from './request.ts';

/** 192 bits: cannot be guessed in any time that a token lives. */
const tokenBytes = 24;
/** What a token looks like in a path. */
export const tokenPattern = '[A-Za-z0-9_-]{32}';
export const tokenLifeMs = 60_000;

export interface TokensOptions {
  /** Tokens that may wait for their clients. */
  readonly limit: number;
  /** Told of each that begins and ends to wait. */
  readonly waiting: { inc(): void; dec(): void };
  readonly lifeMs?: number;
}

interface Issued {
  readonly request: StreamRequest;
  /** Runs work in the trace of the call that asked for it. */
  readonly resume: ReturnType<typeof resumeTrace>;
}

/** Requests that wait for their clients, each behind a secret that is good once, for a minute. */
export class Tokens implements Disposable {
  readonly #waiting = new Map<string, Issued & { readonly timer: NodeJS.Timeout }>();
  readonly #limit: number;
  readonly #gauge: TokensOptions['waiting'];
  readonly #lifeMs: number;

  constructor({ limit, waiting, lifeMs = tokenLifeMs }: TokensOptions) {
    this.#limit = limit;
    this.#gauge = waiting;
    this.#lifeMs = lifeMs;
  }

  /** Errors: `resource_exhausted` when too many wait. */
  issue(request: StreamRequest): string {
    if (this.#waiting.size >= this.#limit)
      throw fail(
        'resource_exhausted',
        `${this.#waiting.size} streams were asked for and not begun; begin them, or ask again in ${this.#lifeMs / 1000} s`,
      );
    const token = randomBytes(tokenBytes).toString('base64url');
    const timer = setTimeout(() => this.take(token), this.#lifeMs).unref();
    this.#waiting.set(token, { request, timer, resume: resumeTrace() });
    this.#gauge.inc();
    return token;
  }

  /** What the token was issued for; undefined when it is unknown, too old, or was used. */
  take(token: string): Issued | undefined {
    const found = this.#waiting.get(token);
    if (found === undefined) return undefined;
    this.#waiting.delete(token);
    this.#gauge.dec();
    clearTimeout(found.timer);
    return found;
  }

  [Symbol.dispose](): void {
    for (const token of [...this.#waiting.keys()]) this.take(token);
  }
}
