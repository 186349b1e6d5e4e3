import { constants } from 'node:os';
import { Signal } from '../../../../api/cri/v1/api.ts';

const firstRealtime = 34;
const lastRealtime = 64;

/** The signal that ends the container in fact, whoever chose it: the default value would mean that nobody knows. */
export function encodeSignal(number: number): Signal {
  const name = number >= firstRealtime ? realtimeName(number) : ordinaryName(number);
  return (Signal as Readonly<Record<string, Signal>>)[`SIGNAL_${name}`] ?? Signal.SIGNAL_RUNTIME_DEFAULT;
}

/** Of several names for one number the usual one comes first. */
function ordinaryName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? '';
}

/** CRI counts the upper ones down from the last, as signal(7) does. */
function realtimeName(number: number): string {
  const up = number - firstRealtime;
  const down = lastRealtime - number;
  if (up <= 15) return up === 0 ? 'SIGRTMIN' : `SIGRTMINPLUS${up}`;
  return down === 0 ? 'SIGRTMAX' : `SIGRTMAXMINUS${down}`;
}
