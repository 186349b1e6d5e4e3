import { z } from 'zod';
import { controlSocket } from '../../config/paths.ts';
import { streamControl } from '../../control/client.ts';
import { eventsPath } from '../../control/events.ts';
import { loadSettings } from '../settings.ts';
import type { SettingFlags } from '../settings.ts';
import { paint } from '../terminal.ts';
import type { Terminal } from '../terminal.ts';

export interface EventFlags extends SettingFlags {
  /** Milliseconds since 1970. */
  readonly since?: number;
  readonly until?: number;
  readonly filter: readonly string[];
  readonly format: 'text' | 'json';
}

/** A daemon of another version may say more, or name new kinds: all is shown. */
const event = z.looseObject({
  time: z.string(),
  type: z.string(),
  action: z.string(),
  pod: z.object({ id: z.string(), namespace: z.string(), name: z.string() }).optional(),
  container: z.object({ id: z.string(), name: z.string() }).optional(),
  image: z.string().optional(),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)),
});
type Told = z.infer<typeof event>;

/** Prints events until `until`, Ctrl-C, or the daemon's end, which is a failure: more may have happened. */
export async function showEvents(flags: EventFlags, terminal: Terminal): Promise<void> {
  const socket = controlSocket(await loadSettings(flags));
  const query = {
    ...(flags.since === undefined ? {} : { since: new Date(flags.since).toISOString() }),
    ...(flags.until === undefined ? {} : { until: new Date(flags.until).toISOString() }),
    filter: flags.filter,
  };
  const call = { socket, method: 'GET', path: eventsPath, query, body: undefined } as const;
  try {
    for await (const value of streamControl(call, terminal.signal))
      terminal.out(flags.format === 'json' ? `${JSON.stringify(value)}\n` : line(event.parse(value), terminal));
  } catch (error) {
    if (!terminal.signal.aborted) throw error;
  }
}

/** `TIME TYPE ACTION NAME ID (key=value, …)`. */
function line({ time, type, action, pod, container, image, attributes }: Told, terminal: Terminal): string {
  const names = [pod?.namespace, pod?.name, container?.name].filter((name) => name !== undefined).join('/');
  const id = (container ?? pod)?.id.slice(0, 13);
  const about = names === '' ? image : names;
  const more = { ...(names === '' || image === undefined ? {} : { image }), ...attributes };
  const told = Object.entries(more).map(([key, value]) => `${key}=${quoted(value)}`);
  const action_ = action === 'oom' ? paint(terminal, 'red', action) : plain(action);
  const words = [time, plain(type), action_, ...[about, id].flatMap((word) => (word ? [plain(word)] : []))];
  return `${words.join(' ')}${told.length > 0 ? ` (${told.join(', ')})` : ''}\n`;
}

/** Where it would not be clear where a value ends. */
const quoted = (text: string) => (/^[^\s,()="]*$/.test(text) ? plain(text) : JSON.stringify(plain(text)));

/** A process can call itself what it likes; a terminal must not obey it. */
const plain = (text: string) =>
  text.replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
