import type { TopAnswer } from '../../control/top.ts';
import type { FormatFlag } from '../format.ts';
import type { SettingFlags } from '../settings.ts';
import type { Order } from './columns.ts';

export interface TopFlags extends SettingFlags, FormatFlag {
  readonly sort: Order;
  readonly reverse: boolean;
  readonly all: boolean;
  readonly stream: boolean;
  readonly interval: number;
}

/** One look at what containers use. */
export type TakeSample = (signal: AbortSignal) => Promise<TopAnswer>;
