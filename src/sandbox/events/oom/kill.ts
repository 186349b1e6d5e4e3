import type { OomVictim } from '../../../cgroups/events/oom-messages.ts';
import type { CgroupStats } from '../../../cgroups/stats.ts';
import type { ContainerFacts, PodFacts } from '../../store/store.ts';
import { aboutContainer } from '../event.ts';
import type { OomSubject } from '../oom-counts.ts';
import type { EventAttributes, NewEvent } from '../event.ts';

/** One OOM kill in one container. */
export interface OomKill {
  readonly container: ContainerFacts;
  readonly pod: PodFacts | undefined;
  /** 0 where it is not known. */
  readonly initPid: number;
  /** The container's memory when the kill was seen. */
  readonly memory: CgroupStats['memory'];
  /** The pod's, where the container has no limit of its own. */
  readonly podMemory: CgroupStats['memory'];
  /** Below the container's own. */
  readonly cell: string;
  /** Found at our start: it may have been told of in an earlier life. */
  readonly early: boolean;
}

/** What is told of it; `kills`: the how manieth of the container's name it is. What the kernel did not say is left out. */
export function oomEvent(kill: OomKill, victim: OomVictim | undefined, kills: number): NewEvent {
  const { container, pod, initPid, memory } = kill;
  const limited = kill.podMemory ?? memory;
  const limit = victim?.limitBytes ?? limited?.limit;
  const most = limited?.peak;
  // A cgroup that ran out of memory had used up its limit.
  const usage = victim?.usageBytes ?? (limit === undefined || most === undefined ? undefined : Math.min(most, limit));
  const peak = memory?.peak;
  return {
    type: 'container',
    action: 'oom',
    ...aboutContainer(container, pod),
    attributes: {
      ...(victim === undefined
        ? {}
        : {
            ...{ victim: victim.name, pid: victim.pid, rssBytes: victim.rssBytes },
            ...(initPid > 0 ? { init: victim.pid === initPid } : {}),
            ...scopeOf(victim, container, pod),
          }),
      ...(limit === undefined ? {} : { limitBytes: limit }),
      ...(usage === undefined ? {} : { usageBytes: usage }),
      ...(peak === undefined ? {} : { peakBytes: peak }),
      kills,
    },
  };
}

/** Whose limit was reached. `parent`: of a cgroup above the pod's, such as all pods'. */
function scopeOf({ ranOut }: OomVictim, container: ContainerFacts, pod: PodFacts | undefined): EventAttributes {
  if (ranOut === undefined) return {};
  if (ranOut === 'machine') return { scope: 'node' };
  if (ranOut.path.includes(container.record.id)) return { scope: 'container' };
  return { scope: pod !== undefined && ranOut.path.endsWith(pod.record.cgroup) ? 'pod' : 'parent' };
}

/** Whom it is counted for. */
export function subjectOf({ container: { record }, pod }: OomKill): OomSubject {
  const { namespace = '', name = '', uid = '' } = pod?.record.config ?? {};
  const { config, id } = record;
  const image = config.userSpecifiedImage || config.image;
  return { namespace, pod: name, podUid: uid, container: config.name, containerId: id, image };
}
