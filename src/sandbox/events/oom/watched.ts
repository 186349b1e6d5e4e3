import { isLive } from '../../container/state.ts';
import type { Container } from '../../store/store.ts';
import { Ledger } from './ledger.ts';
import type { Counted } from './new-kills.ts';

/** A container whose kills are looked for. */
export interface Watched extends Counted {
  source: Disposable | undefined;
  looks: NodeJS.Timeout[];
  /** The kernel's log had a line about it in this life of the daemon. */
  hasLine: boolean;
}

/** `seen`: by cgroup, what is counted already. */
export function watched(container: Container, seen: ReadonlyMap<string, number>): Watched {
  const { state } = container;
  return {
    container,
    initPid: isLive(state) ? state.init.pid : 0,
    ledger: new Ledger(seen),
    source: undefined,
    looks: [],
    hasLine: false,
  };
}

export function letGo(one: Watched): void {
  one.source?.[Symbol.dispose]();
  one.source = undefined;
  one.looks.forEach(clearTimeout);
  one.looks = [];
}
