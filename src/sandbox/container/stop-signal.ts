import { constants } from 'node:os';

/** `SIGQUIT`, `QUIT` or `3`; anything unknown in an image means SIGTERM, as an image cannot be argued with. */
export function signalNumber(text: string): number {
  return knownSignal(text) ?? constants.signals.SIGTERM;
}

/** The same; undefined for what is no signal. */
export function knownSignal(text: string): number | undefined {
  const number = namedSignal(text.toUpperCase().replace(/^(SIG)?/, 'SIG')) ?? Number(text);
  return Number.isInteger(number) && number >= 1 && number <= 64 ? number : undefined;
}

function namedSignal(name: string): number | undefined {
  const realtime = /^SIGRTM(IN|AX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (realtime === null) return (constants.signals as Record<string, number | undefined>)[aliases.get(name) ?? name];
  const offset = Number(`${realtime[2] ?? '+'}${realtime[3] ?? '0'}`);
  const number = (realtime[1] === 'IN' ? 34 : 64) + offset;
  return number >= 34 ? number : 0;
}

/** CRI has names that Node does not know. */
const aliases = new Map([['SIGCLD', 'SIGCHLD']]);
