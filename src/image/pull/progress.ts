import type { PullMeter } from '../../../metrics/pulls.ts';
import type { ErrorCode } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';

export type LayerState = 'waiting' | 'downloading' | 'unpacking' | 'here';

/** Sizes in bytes, as the registry has the layer. */
export interface LayerProgress {
  readonly digest: string;
  readonly size: number;
  readonly received: number;
  readonly state: LayerState;
}

/** A pull that is going on. Without layers as long as its manifest is not known. */
export interface PullProgress {
  readonly reference: string;
  readonly layers: readonly LayerProgress[];
}

/** Bytes that are told to the meter at once, and milliseconds between two lines in the log. */
const toldAtOnce = 1 << 20;
const logEveryMs = 10_000;

type Track = { -readonly [Key in keyof LayerProgress]: LayerProgress[Key] };

/** How far one pull is: for the metrics, the log and whoever asks. */
export class PullTracker {
  readonly #reference: string;
  readonly #log: Logger;
  readonly #meter: PullMeter | undefined;
  readonly #ended: ((cause?: ErrorCode) => void) | undefined;
  readonly #began = performance.now();
  readonly #timer: NodeJS.Timeout;
  #layers: readonly Track[] = [];
  #bytes = 0;
  #told = 0;

  constructor(reference: string, meter: PullMeter | undefined, log: Logger) {
    this.#reference = reference;
    this.#meter = meter;
    this.#log = log;
    this.#ended = meter?.begin();
    this.#timer = setInterval(() => this.#say(), logEveryMs).unref();
  }

  setLayers(layers: readonly { readonly digest: string; readonly size: number }[]): void {
    this.#layers = layers.map(({ digest, size }) => ({ digest, size, received: 0, state: 'waiting' }));
  }

  /** So many bytes have come over the network. */
  received(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes - this.#told >= toldAtOnce) this.#tell();
  }

  /** So many bytes of a layer are here, those of an earlier attempt included. */
  at(index: number, bytes: number): void {
    const layer = this.#layers[index];
    if (layer !== undefined) layer.received = bytes;
  }

  enter(index: number, state: LayerState): void {
    const layer = this.#layers[index];
    if (layer === undefined) return;
    layer.state = state;
    if (state === 'here') layer.received = layer.size;
  }

  snapshot(): PullProgress {
    return { reference: this.#reference, layers: this.#layers.map((layer) => ({ ...layer })) };
  }

  /** `code` of the error that ended it, or undefined. */
  end(code: ErrorCode | undefined): void {
    clearInterval(this.#timer);
    this.#tell();
    this.#ended?.(code);
  }

  /** For the log. */
  summary(): { readonly ms: number; readonly bytes: number } {
    return { ms: Math.round(performance.now() - this.#began), bytes: this.#bytes };
  }

  #tell(): void {
    const bytes = this.#bytes - this.#told;
    this.#told = this.#bytes;
    if (bytes > 0) this.#meter?.received(bytes);
  }

  #say(): void {
    const size = this.#layers.reduce((sum, layer) => sum + layer.size, 0);
    const received = this.#layers.reduce((sum, layer) => sum + layer.received, 0);
    const here = this.#layers.filter(({ state }) => state === 'here').length;
    const layers = this.#layers.length;
    this.#log.info({ reference: this.#reference, received, size, here, layers }, 'image pull goes on');
  }
}
