/**
 * A mocha root hook (`--require test/leftovers/hook.ts`): a run that leaves something behind fails. hack/test gives
 * every file of test/integration, test/e2e and test/conformance a run of its own.
 */
import { config } from 'chai';
import { readFileSync } from 'node:fs';
import { patience } from '../fixtures/pace.ts';
import { processes } from './kernel.ts';
import { leftSince, snapshot } from './snapshot.ts';
import type { Snapshot } from './snapshot.ts';

// Of a list that was to be empty whoever has only the message must learn what was in it: 40 characters say `[ Array(1) ]`.
config.truncateThreshold = 2000;

const patienceMs = patience(5000);
const variable = 'CRICKET_TEST';
/** Inherited by all that the tests start: a process without it is not theirs. */
const mark = `${variable}=${process.pid}`;

let before: Snapshot = new Set();

export const mochaHooks = {
  beforeAll(): void {
    process.env[variable] = String(process.pid);
    before = snapshot(scope());
  },

  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(patienceMs + 10_000);
    const left = await leftSince(before, scope(), patienceMs);
    const others = left.length === 0 ? [] : otherRuns();
    if (left.length === 0) return;
    const list = left.map((name) => `  ${name}`).join('\n');
    if (others.length === 0) throw new Error(`left behind:\n${list}`);
    console.error(`left behind, by this run or by what runs beside it (${others.join(', ')}):\n${list}`);
  },
};

function scope() {
  return { except: serviceInstance(), mark };
}

/** Of the service that hack/up started, which may run beside the tests. */
function serviceInstance(): string | undefined {
  try {
    const record = /[0-9a-f]{4}/.exec(readFileSync('/var/lib/cricket/instance', 'utf8'));
    return record?.[0];
  } catch {
    return undefined;
  }
}

/** Pids of other test runs, and of daemons that somebody tries out: what appeared meanwhile could be theirs. */
function otherRuns(): number[] {
  const other = /\bnode\S* .*(mocha\.js|hack\/lib\/test\/part\.ts|\/server\/main\.[jt]s serve)/;
  return processes().flatMap(({ pid, command, environment }) => {
    const foreign = pid !== process.pid && !environment.includes(mark) && !command.startsWith('/usr/lib/cricket/');
    return foreign && other.test(command) ? [pid] : [];
  });
}
