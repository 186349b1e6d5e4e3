import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { errorFrom } from '../../../base/errors.ts';
import { parseFilters } from '../../../sandbox/events/filter.ts';
import { addSettingFlags } from '../settings.ts';
import type { Terminal } from '../terminal.ts';
import type { EventFlags } from './events.ts';
import { parseTime } from './time.ts';

/** `cricket events`. What is given wrongly is refused before the daemon is asked. */
export function addEventsCommand(events: Command, terminal: Terminal): void {
  addSettingFlags(events.description('tell what happens to pods, containers and images, and what happened'))
    .option('--since <time>', 'begin in the past: 90s, 1h30m or 2d ago, a date, seconds since 1970', time)
    .option('--until <time>', 'end then; in the past: end with the journal', time)
    .option('--filter <key=value>', 'container, pod, namespace, type, event or image; may be repeated', filter, [])
    .addOption(
      new Option('--format <format>', 'text, or one JSON object a line').choices(['text', 'json']).default('text'),
    )
    .addOption(new Option('--json', 'the same as --format json').implies({ format: 'json' }))
    .action(async (flags: EventFlags) => {
      const { showEvents } = await import('./events.ts');
      await showEvents(flags, terminal);
    });
}

function time(text: string): number {
  const found = parseTime(text, Date.now());
  if (found === undefined)
    throw new InvalidArgumentError('Give 90s, 1h30m, 2026-01-31T12:00:00Z or seconds since 1970.');
  return found;
}

function filter(text: string, before: readonly string[]): readonly string[] {
  try {
    parseFilters([text]);
  } catch (error) {
    throw new InvalidArgumentError(`${errorFrom(error).message}.`);
  }
  return [...before, text];
}
