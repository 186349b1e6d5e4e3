import { MessageWriter } from '../../../base/message-writer.ts';
import type { FileSystemFacts } from '../../../linux/disk-worker.ts';
import { OomEvents } from '../oom-events.ts';
import type { OomRow } from '../oom-events.ts';
import type { Looker } from '../looker.ts';
import type { PodSubject } from '../subjects.ts';
import type { SubjectLabels } from '../labels.ts';
import { labelValues, writePodMetrics } from './metrics.ts';
import type { ContainerMetrics } from './metrics.ts';

/** What series of containers tell besides what was told of each. */
export interface MetricsExtras {
  /** Of the file system of all writable layers; undefined until it was looked at once. */
  readonly fileSystem: FileSystemFacts | undefined;
  readonly ooms: readonly OomRow[];
}

/** Writes what PodSandboxMetrics tells (KEP-2371). */
export class MetricsWriter {
  readonly #looker: Looker;
  /** By labels, which are the same objects' from call to call. */
  readonly #values = new WeakMap<SubjectLabels, Uint8Array>();
  #expected = 0;

  constructor(looker: Looker) {
    this.#looker = looker;
  }

  write(subjects: readonly PodSubject[], { fileSystem, ooms }: MetricsExtras): Uint8Array {
    const events = new OomEvents(ooms);
    const looks = this.#looker.pods(subjects.map(({ pod }) => pod));
    const out = new MessageWriter(this.#expected);
    subjects.forEach(({ pod, containers }, i) => {
      const look = looks[i];
      if (look === undefined) return;
      const found = this.#looker.containers(containers, 'all').flatMap((one, n): ContainerMetrics[] => {
        const told = containers[n];
        if (one === undefined || told === undefined) return [];
        const figures = { ...told, look: one, fileSystem, oomEvents: events.of(told.labels) };
        return [{ id: told.id, labels: this.#valuesOf(told.labels), figures }];
      });
      writePodMetrics(
        out,
        1,
        { id: pod.id, labels: this.#valuesOf(pod.labels), interfaces: look.interfaces ?? [] },
        found,
      );
    });
    this.#expected = Math.ceil(out.length * 1.1);
    return out.take();
  }

  #valuesOf(labels: SubjectLabels): Uint8Array {
    const known = this.#values.get(labels);
    if (known !== undefined) return known;
    const values = labelValues(labels);
    this.#values.set(labels, values);
    return values;
  }
}
