import Mocha from 'mocha';
import type { Spec } from './critest.ts';
import { skipOf } from './skips.ts';

/** A test that ends as the spec did. One without a body counts as skipped. */
export function testOf({ name, state, message, seconds }: Spec): Mocha.Test {
  const left = skipOf(name);
  if (state === 'skipped' && left !== undefined) return new Mocha.Test(`${name} (${left.reason})`);
  return new Mocha.Test(`${name} (${seconds.toFixed(1)} s)`, () => {
    if (state === 'skipped') throw new Error(`it skipped itself, and skips.ts does not name it: ${message}`);
    if (state === 'failed') throw new Error(message);
  });
}
