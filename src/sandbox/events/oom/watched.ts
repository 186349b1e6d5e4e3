import { messageOf } from '../../../base/errors.ts';
import type { CgroupPath } from '../../../cgroups/path.ts';
import type { Parts } from '../../parts.ts';
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

/** Whether it runs, or ended just now: what is released has ended a while ago, and its process's number may be another's. */
export const isRecent = ({ container: { state } }: Watched): boolean =>
  isLive(state) || (state.kind === 'exited' && !state.released);

/** Undefined where the kernel gives none. */
export function openSource(
  { cgroups, watcher, log }: Pick<Parts, 'cgroups' | 'watcher' | 'log'>,
  { container: { record } }: Watched,
  onWake: () => void,
): Disposable | undefined {
  try {
    return cgroups.watchOom(record.cgroup as CgroupPath, watcher, onWake);
  } catch (error) {
    const fields = { container: record.id, reason: messageOf(error) };
    log.warn(fields, 'OOM events of a container cannot be had: its kills are seen by the kernel log and at its end');
    return undefined;
  }
}

export function letGo(one: Watched): void {
  one.source?.[Symbol.dispose]();
  one.source = undefined;
  one.looks.forEach(clearTimeout);
  one.looks = [];
}
