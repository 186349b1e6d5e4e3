import { closeSync, constants, openSync } from 'node:fs';
import { errnoOf } from '../../base/errors.ts';
import { drainEventfd, makeEventfd } from '../../linux/eventfd.ts';
import { closeQuietly } from '../../linux/fds.ts';
import type { Watcher } from '../../linux/watcher.ts';
import { absentErrnos, readAll, writeText } from '../files.ts';
import { directoryIn } from '../group.ts';
import type { Layout } from '../layout.ts';
import type { CgroupPath } from '../path.ts';

/** A container that touches its limit all the time changes memory.events a hundred times a second. */
const pauseMs = 50;

/**
 * Calls back when a kill in the cgroup or below it is near or was done, without saying that there was one: v1 tells when
 * memory has run out, before the kill and for what is below the limit too, v2 of any change of memory.events. Dispose it
 * to let go. Undefined: no memory controller, or the cgroup is gone.
 */
export function watchOom(
  layout: Layout,
  path: CgroupPath,
  watcher: Watcher,
  onWake: () => void,
): Disposable | undefined {
  const home = layout.homes.get('memory');
  if (home === undefined) return undefined;
  const directory = directoryIn(home, path);
  try {
    return home.version === 'v1' ? watchV1(directory, watcher, onWake) : watchV2(directory, watcher, onWake);
  } catch (error) {
    if (absentErrnos.has(errnoOf(error))) return undefined;
    throw error;
  }
}

/** cgroup-v1/memory.rst, section 10. The registration ends with the eventfd, or with the cgroup, which signals it. */
function watchV1(directory: string, watcher: Watcher, onWake: () => void): Disposable {
  const event = makeEventfd();
  try {
    const control = openSync(`${directory}/memory.oom_control`, constants.O_RDONLY);
    try {
      writeText(`${directory}/cgroup.event_control`, `${event} ${control}`);
    } finally {
      closeSync(control);
    }
  } catch (error) {
    closeSync(event);
    throw error;
  }
  const watched = watcher.onReadable(event, () => {
    drainEventfd(event);
    onWake();
  });
  return letGo(event, watched);
}

/** cgroup-v2.rst: a change of the file generates a "file modified event", which poll(2) tells until it is read. */
function watchV2(directory: string, watcher: Watcher, onWake: () => void): Disposable {
  const file = openSync(`${directory}/memory.events`, constants.O_RDONLY);
  readAll(file);
  const onChange = () => {
    try {
      readAll(file);
    } catch (error) {
      // The cgroup is gone: it would be told for ever.
      if (!absentErrnos.has(errnoOf(error))) throw error;
      held[Symbol.dispose]();
    }
    onWake();
  };
  const watched = watcher.onChange(file, onChange, pauseMs);
  const held = letGo(file, watched);
  return held;
}

function letGo(fd: number, watched: Disposable): Disposable {
  let open = true;
  return {
    [Symbol.dispose]: () => {
      if (!open) return;
      open = false;
      watched[Symbol.dispose]();
      closeQuietly(fd);
    },
  };
}
