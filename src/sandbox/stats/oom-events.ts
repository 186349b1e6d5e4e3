import type { OomLabels } from './labels.ts';

/** How often the OOM killer hit containers of one name in a pod. */
export interface OomRow extends OomLabels {
  readonly events: number;
  /** Told although its pod is gone. */
  readonly recent: boolean;
}

/** OOM kills by name; a name that was never hit has none. */
export class OomEvents {
  readonly #rows: ReadonlyMap<string, number>;

  constructor(rows: readonly OomRow[]) {
    this.#rows = new Map(rows.map((row) => [oomNameOf(row), row.events]));
  }

  of(labels: OomLabels): number {
    return this.#rows.size === 0 ? 0 : (this.#rows.get(oomNameOf(labels)) ?? 0);
  }
}

/** Names have no slash in Kubernetes; what came otherwise may have one. */
export const oomNameOf = ({ namespace, pod, container }: OomLabels) => JSON.stringify([namespace, pod, container]);
