import type { Sampler } from '../../sandbox/stats/sampler.ts';
import type { Store } from '../../sandbox/store/store.ts';

/** What the calls for statistics and metrics work with. */
export interface StatsHandlerParts {
  readonly store: Store;
  readonly sampler: Sampler;
}
