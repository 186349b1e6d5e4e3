import { gzipSync } from 'node:zlib';
import { ByteWriter } from '../../../metrics/byte-writer.ts';
import { labelPrefix, writeFamilies } from '../../../metrics/text.ts';
import type { Labelled, TextFormat } from '../../../metrics/text.ts';
import type { Looker } from './looker.ts';
import type { OomLabels, SubjectLabels } from './labels.ts';
import { labelPairs, oomLabelPairs } from './labels.ts';
import { OomEvents, oomNameOf } from './oom-events.ts';
import { containerFamilies, oomFamilies } from './series/families.ts';
import type { OomFigures } from './series/families.ts';
import type { ContainerFigures, PodFigures } from './series/figures.ts';
import { networkFamilies } from './series/network.ts';
import type { Subjects } from './subjects.ts';
import type { ToldContainer } from './told.ts';
import type { MetricsExtras } from './wire/answers.ts';

export interface RenderRequest extends MetricsExtras {
  /** Ids of those that run. */
  readonly containers: readonly string[];
  /** Ids of those that are ready. */
  readonly pods: readonly string[];
  /** Names of containers that are there and do not run. */
  readonly others: readonly OomLabels[];
  /** What stands before: the daemon's own series. */
  readonly head: string;
  readonly format: TextFormat;
  readonly gzip: boolean;
}

/** Of text that says the same over and over, the fastest level leaves a fortieth. */
const gzipLevel = 1;

/** Writes the series of containers and sandboxes as text. Lives in the stats Worker. */
export class Renderer {
  readonly #looker: Looker;
  readonly #subjects: Subjects;
  /** By labels, which are the same objects' from scrape to scrape. */
  readonly #prefixes = new WeakMap<SubjectLabels, Uint8Array>();
  readonly #oomPrefixes = new WeakMap<OomLabels, Uint8Array>();
  /** Bytes of the last scrape and some. */
  #expected = 0;

  constructor(looker: Looker, subjects: Subjects) {
    this.#looker = looker;
    this.#subjects = subjects;
  }

  /** Undefined where the Worker was not told of what is asked for. */
  render(request: RenderRequest): Uint8Array | undefined {
    const containers = this.#subjects.containers(request.containers);
    const pods = this.#subjects.pods(request.pods);
    if (containers === undefined || pods === undefined) return undefined;
    const { format, head } = request;
    const out = new ByteWriter(this.#expected);
    out.text(head);
    writeFamilies(out, containerFamilies, this.#containers(containers, request), format);
    const networks = this.#looker.networks(pods);
    const interfaces = pods.flatMap(({ id, labels }): Labelled<PodFigures>[] => {
      const found = networks.get(id);
      return found === undefined ? [] : [{ prefix: this.#prefix(labels), subject: { interfaces: found } }];
    });
    writeFamilies(out, networkFamilies, interfaces, format);
    writeFamilies(out, oomFamilies, this.#ooms(containers, request), format);
    if (format === 'openmetrics') out.text('# EOF\n');
    this.#expected = Math.ceil(out.length * 1.1);
    const bytes = out.take();
    return request.gzip ? new Uint8Array(gzipSync(bytes, { level: gzipLevel })) : bytes;
  }

  #containers(
    containers: readonly ToldContainer[],
    { fileSystem }: RenderRequest,
  ): readonly Labelled<ContainerFigures>[] {
    return this.#looker.containers(containers, 'all').flatMap((look, i) => {
      const told = containers[i];
      if (look === undefined || told === undefined) return [];
      const { startedAt, createdAt, layer } = told;
      const subject = { look, startedAt, createdAt, layer, fileSystem, oomEvents: 0 };
      return [{ prefix: this.#prefix(told.labels), subject }];
    });
  }

  #prefix(labels: SubjectLabels): Uint8Array {
    return kept(this.#prefixes, labels, labelPairs);
  }

  /** Every container name there is, whether it was ever hit or not, and those of pods that went a short while ago. */
  #ooms(containers: readonly ToldContainer[], { ooms, others }: RenderRequest): readonly Labelled<OomFigures>[] {
    const events = new OomEvents(ooms);
    const names = new Set<string>();
    const found: Labelled<OomFigures>[] = [];
    const recent = ooms.filter((row) => row.recent);
    for (const labels of [...containers.map((told) => told.labels), ...others, ...recent]) {
      const name = oomNameOf(labels);
      if (names.has(name)) continue;
      names.add(name);
      const prefix = kept(this.#oomPrefixes, labels, oomLabelPairs);
      found.push({ prefix, subject: { events: events.of(labels) } });
    }
    return found;
  }
}

function kept<L extends object>(
  prefixes: WeakMap<L, Uint8Array>,
  labels: L,
  pairs: (labels: L) => readonly (readonly [string, string])[],
): Uint8Array {
  const known = prefixes.get(labels);
  if (known !== undefined) return known;
  const prefix = labelPrefix(pairs(labels));
  prefixes.set(labels, prefix);
  return prefix;
}
