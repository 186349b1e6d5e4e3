import type { Looker } from './looker.ts';
import type { AskedPod, News, ToldContainer, ToldPod } from './told.ts';

/** A sandbox with those of its containers that run. */
export interface PodSubject {
  readonly pod: ToldPod;
  readonly containers: readonly ToldContainer[];
}

/** What the Worker was told of. */
export class Subjects {
  readonly #looker: Pick<Looker, 'forget'>;
  readonly #containers = new Map<string, ToldContainer>();
  readonly #pods = new Map<string, ToldPod>();

  constructor(looker: Pick<Looker, 'forget'>) {
    this.#looker = looker;
  }

  take({ containers, pods, layers, gone }: News): void {
    this.#looker.forget(gone);
    for (const id of gone) {
      this.#containers.delete(id);
      this.#pods.delete(id);
    }
    for (const container of containers) this.#containers.set(container.id, container);
    for (const pod of pods) this.#pods.set(pod.id, pod);
    for (const { id, layer } of layers) {
      const told = this.#containers.get(id);
      if (told !== undefined) this.#containers.set(id, { ...told, layer });
    }
  }

  /** Undefined where one of them was never told of: this Worker has taken the place of another. */
  containers(ids: readonly string[]): readonly ToldContainer[] | undefined {
    return all(ids.map((id) => this.#containers.get(id)));
  }

  /** The same. */
  pods(ids: readonly string[]): readonly ToldPod[] | undefined {
    return all(ids.map((id) => this.#pods.get(id)));
  }

  /** The same. */
  podsWithContainers(asked: readonly AskedPod[]): readonly PodSubject[] | undefined {
    const found = asked.map(({ id, containers: ids }): PodSubject | undefined => {
      const [pod, containers] = [this.#pods.get(id), this.containers(ids)];
      return pod === undefined || containers === undefined ? undefined : { pod, containers };
    });
    return all(found);
  }
}

function all<T>(found: readonly (T | undefined)[]): readonly T[] | undefined {
  return found.every((one) => one !== undefined) ? found : undefined;
}
