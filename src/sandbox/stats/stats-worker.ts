import { openCgroups } from '../../cgroups/cgroups.ts';
import { readHardLimits } from '../../linux/host.ts';
import { serveTasks } from '../../linux/worker/serve.ts';
import type { ContainerLook, Detail, PodLook } from './look.ts';
import { Looker } from './looker.ts';
import type { ContainerTarget, PodTarget } from './looker.ts';
import { Renderer } from './render.ts';
import type { RenderRequest } from './render.ts';

export interface LookRequest {
  readonly containers: readonly ContainerTarget[];
  readonly pods: readonly PodTarget[];
  readonly detail: Detail;
  /** What is no more. */
  readonly gone: readonly string[];
}

export interface Looks {
  /** In the order of the request; undefined where the cgroup is gone. */
  readonly containers: readonly (ContainerLook | undefined)[];
  readonly pods: readonly (PodLook | undefined)[];
}

/** A cgroup takes about forty descriptors; half of what the process may have is for all else. */
const descriptorsEach = 40;
const openFiles = Number(readHardLimits().get('NOFILE') ?? 1_000_000n);
const heldReaders = Math.min(4096, Math.floor(openFiles / 2 / descriptorsEach));

const looker = new Looker(openCgroups({ heldReaders }));
const renderer = new Renderer(looker);

/** Everything is synchronous: the thread enters sandboxes' network namespaces. */
export const statsTasks = {
  look({ containers, pods, detail, gone }: LookRequest): Looks {
    looker.forget(gone);
    return { containers: looker.containers(containers, detail), pods: looker.pods(pods) };
  },
  render(request: RenderRequest): Uint8Array {
    looker.forget(request.gone);
    return renderer.render(request);
  },
};
export type StatsTasks = typeof statsTasks;

serveTasks(statsTasks);
