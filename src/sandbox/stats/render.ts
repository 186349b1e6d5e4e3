import { gzipSync } from 'node:zlib';
import { ByteWriter } from '../../../metrics/byte-writer.ts';
import { labelPrefix, writeFamilies } from '../../../metrics/text.ts';
import type { Labelled, TextFormat } from '../../../metrics/text.ts';
import type { FileSystemFacts } from '../../linux/disk-worker.ts';
import type { ContainerTarget, Looker, PodTarget } from './looker.ts';
import type { OomLabels, SubjectLabels } from './labels.ts';
import { labelPairs, oomLabelPairs } from './labels.ts';
import { containerFamilies, oomFamilies } from './series/families.ts';
import type { OomFigures } from './series/families.ts';
import type { ContainerFigures, PodFigures } from './series/figures.ts';
import { networkFamilies } from './series/network.ts';

/** What the main thread knows of a container that its cgroup does not say. */
export interface RenderContainer extends ContainerTarget, Omit<ContainerFigures, 'look' | 'fileSystem' | 'oomEvents'> {
  readonly labels: SubjectLabels;
}

export interface RenderPod extends PodTarget {
  readonly labels: SubjectLabels;
}

export interface RenderRequest {
  readonly containers: readonly RenderContainer[];
  readonly pods: readonly RenderPod[];
  readonly ooms: readonly (OomFigures & OomLabels)[];
  readonly fileSystem: FileSystemFacts | undefined;
  /** What stands before: the daemon's own series. */
  readonly head: string;
  readonly format: TextFormat;
  readonly gzip: boolean;
  readonly gone: readonly string[];
}

/** Of text that says the same over and over, the fastest level leaves a fortieth. */
const gzipLevel = 1;

/** Writes the series of containers and sandboxes as text. Lives in the stats Worker. */
export class Renderer {
  readonly #looker: Looker;
  /** By labels, which are the same objects' from scrape to scrape. */
  readonly #prefixes = new Map<string, Uint8Array>();
  /** Bytes of the last scrape and some. */
  #expected = 0;

  constructor(looker: Looker) {
    this.#looker = looker;
  }

  render(request: RenderRequest): Uint8Array {
    for (const id of request.gone) this.#prefixes.delete(id);
    const { format, head } = request;
    const out = new ByteWriter(this.#expected);
    out.text(head);
    writeFamilies(out, containerFamilies, this.#containers(request), format);
    writeFamilies(out, networkFamilies, this.#networks(request), format);
    writeFamilies(out, oomFamilies, ooms(request), format);
    if (format === 'openmetrics') out.text('# EOF\n');
    this.#expected = Math.ceil(out.length * 1.1);
    const bytes = out.take();
    return request.gzip ? new Uint8Array(gzipSync(bytes, { level: gzipLevel })) : bytes;
  }

  #containers({ containers, fileSystem }: RenderRequest): readonly Labelled<ContainerFigures>[] {
    const looks = this.#looker.containers(containers, 'all');
    return containers.flatMap((container, i) => {
      const look = looks[i];
      if (look === undefined) return [];
      const { startedAt, createdAt, layer } = container;
      const subject = { look, startedAt, createdAt, layer, fileSystem, oomEvents: 0 };
      return [{ prefix: this.#prefix(container), subject }];
    });
  }

  #networks({ pods }: RenderRequest): readonly Labelled<PodFigures>[] {
    const networks = this.#looker.networks(pods);
    return pods.flatMap((pod) => {
      const interfaces = networks.get(pod.id);
      return interfaces === undefined ? [] : [{ prefix: this.#prefix(pod), subject: { interfaces } }];
    });
  }

  #prefix({ id, labels }: RenderContainer | RenderPod): Uint8Array {
    const known = this.#prefixes.get(id);
    if (known !== undefined) return known;
    const prefix = labelPrefix(labelPairs(labels));
    this.#prefixes.set(id, prefix);
    return prefix;
  }
}

function ooms({ ooms: all }: RenderRequest): readonly Labelled<OomFigures>[] {
  return all.map((one) => ({ prefix: labelPrefix(oomLabelPairs(one)), subject: one }));
}
