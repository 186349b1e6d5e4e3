import { MessageWriter } from '../../base/message-writer.ts';
import { openCgroups } from '../../cgroups/cgroups.ts';
import { readHardLimits } from '../../linux/host.ts';
import { give, serveTasks } from '../../linux/worker/serve.ts';
import type { ContainerLook, Detail, PodLook } from './look.ts';
import { Looker } from './looker.ts';
import { MetricsWriter } from './wire/answers.ts';
import type { MetricsExtras } from './wire/answers.ts';
import { Renderer } from './render.ts';
import type { RenderRequest } from './render.ts';
import { Subjects } from './subjects.ts';
import type { AskedPod, News, ToldContainer } from './told.ts';
import { writeContainerStats, writePodStats } from './wire/usage.ts';
import type { ContainerUsage } from './wire/usage.ts';

interface Asked {
  readonly news: News;
}

export interface LookRequest extends Asked {
  readonly containers: readonly string[];
  readonly pods: readonly string[];
  readonly detail: Detail;
}

export interface Looks {
  /** In the order of the request; undefined where the cgroup is gone. */
  readonly containers: readonly (ContainerLook | undefined)[];
  readonly pods: readonly (PodLook | undefined)[];
}

/** `root`: the mount point that writable layers are said to be on. */
export interface ContainerStatsRequest extends Asked {
  readonly containers: readonly string[];
  readonly root: string;
}
export interface PodStatsRequest extends Asked {
  readonly pods: readonly AskedPod[];
  readonly root: string;
}
export interface PodMetricsRequest extends Asked, MetricsExtras {
  readonly pods: readonly AskedPod[];
}

/** A cgroup takes about forty descriptors; half of what the process may have is for all else. */
const descriptorsEach = 40;
const openFiles = Number(readHardLimits().get('NOFILE') ?? 1_000_000n);
const heldReaders = Math.min(4096, Math.floor(openFiles / 2 / descriptorsEach));

const looker = new Looker(openCgroups({ heldReaders }));
const subjects = new Subjects(looker);
const renderer = new Renderer(looker, subjects);
const metrics = new MetricsWriter(looker);
const usageOf = ({ attributes, layer }: ToldContainer, look: ContainerLook, root: string): ContainerUsage => ({
  attributes,
  layer,
  look,
  root,
});
/** Bytes of the last answers and some. */
const expected = { containers: 0, pods: 0 };

/**
 * Everything is synchronous: the thread enters sandboxes' network namespaces. Each answers undefined where it was not
 * told of what it is asked for. Field 1 has the figures in every response that CRI has for them, to a call for one, for
 * a list, and for a stream.
 */
export const statsTasks = {
  look({ news, containers, pods, detail }: LookRequest): Looks | undefined {
    subjects.take(news);
    const [ofContainers, ofPods] = [subjects.containers(containers), subjects.pods(pods)];
    if (ofContainers === undefined || ofPods === undefined) return undefined;
    return { containers: looker.containers(ofContainers, detail), pods: looker.pods(ofPods) };
  },

  containerStats({ news, containers, root }: ContainerStatsRequest): Uint8Array | undefined {
    subjects.take(news);
    const found = subjects.containers(containers);
    if (found === undefined) return undefined;
    const out = new MessageWriter(expected.containers);
    looker.containers(found, 'usage').forEach((look, i) => {
      const told = found[i];
      if (look !== undefined && told !== undefined) writeContainerStats(out, 1, usageOf(told, look, root));
    });
    expected.containers = Math.ceil(out.length * 1.1);
    return out.take();
  },

  podStats({ news, pods, root }: PodStatsRequest): Uint8Array | undefined {
    subjects.take(news);
    const found = subjects.podsWithContainers(pods);
    if (found === undefined) return undefined;
    const looks = looker.pods(found.map(({ pod }) => pod));
    const out = new MessageWriter(expected.pods);
    found.forEach(({ pod: { attributes }, containers }, i) => {
      const usages = looker.containers(containers, 'usage').flatMap((look, n) => {
        const told = containers[n];
        return look === undefined || told === undefined ? [] : [usageOf(told, look, root)];
      });
      const look = looks[i];
      if (look !== undefined) writePodStats(out, 1, { attributes, look }, usages);
    });
    expected.pods = Math.ceil(out.length * 1.1);
    return out.take();
  },

  podMetrics({ news, pods, ...extras }: PodMetricsRequest): Uint8Array | undefined {
    subjects.take(news);
    const found = subjects.podsWithContainers(pods);
    return found && metrics.write(found, extras);
  },

  render({ news, ...request }: RenderRequest & Asked): Uint8Array | undefined {
    subjects.take(news);
    const text = renderer.render(request);
    return text && give(text);
  },
};
export type StatsTasks = typeof statsTasks;

serveTasks(statsTasks);
