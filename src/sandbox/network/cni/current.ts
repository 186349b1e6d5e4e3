import { withTimeout } from '../../../base/abort.ts';
import { errorFrom, messageOf } from '../../../base/errors.ts';
import type { Logger } from '../../../base/log.ts';
import { DirectoryWatch } from '../../../linux/inotify.ts';
import type { NetworkReadiness } from '../network.ts';
import { askStatus } from './chain.ts';
import type { NetworkConfig } from './config.ts';
import { discoverNetwork } from './discover.ts';
import type { Discovered } from './discover.ts';
import { findPlugin } from './plugin.ts';
import type { PluginRunner } from './plugin.ts';
import { hasStatusAndGc } from './versions.ts';

export interface CurrentOptions {
  /** Empty: no configuration is looked for. */
  readonly directory: string;
  readonly runner: PluginRunner;
  readonly log: Logger;
  /** Told when the configuration, or what keeps it from working, has changed. */
  readonly onChange: () => void;
}

/** Milliseconds between two STATUS: while the answer is good, and while it is not. */
const statusEveryMs = { good: 10_000, bad: 2_000 } as const;
/** Milliseconds that all plugins of a chain have for one. */
const statusTimeoutMs = 15_000;

/** The configuration in the directory, kept up with its changes, and whether new pods can have it. */
export class CurrentNetwork implements Disposable {
  readonly #options: CurrentOptions;
  readonly #watch: DirectoryWatch;
  readonly #closed = new AbortController();
  #found: Discovered = { kind: 'none', why: 'the CNI configuration has not been looked for yet' };
  /** Why pods cannot have it although it is well formed; undefined while they can. */
  #obstacle: string | undefined;
  #reading: Promise<void> | undefined;
  #again = false;
  #asking = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: CurrentOptions) {
    this.#options = options;
    this.#watch = new DirectoryWatch(options.runner.watcher, () => void this.refresh());
  }

  /** There is a file that says what network pods shall have, a broken one too. */
  get exists(): boolean {
    return this.#found.kind !== 'none';
  }

  get found(): Discovered {
    return this.#found;
  }

  get ready(): NetworkReadiness {
    const why = this.#found.kind === 'found' ? this.#obstacle : whyNot(this.#found);
    return why === undefined ? { ready: true } : { ready: false, reason: 'NetworkPluginNotReady', message: why };
  }

  /** Looks again; one look at a time, and another after it for those who asked meanwhile. Never throws. */
  async refresh(): Promise<void> {
    if (this.#options.directory === '') return;
    if (this.#reading !== undefined) {
      this.#again = true;
      return this.#reading;
    }
    this.#reading = this.#read();
    try {
      await this.#reading;
    } finally {
      this.#reading = undefined;
    }
  }

  async #read(): Promise<void> {
    for (this.#again = true; this.#again && !this.#closed.signal.aborted;) {
      this.#again = false;
      const before = JSON.stringify([this.#found, this.#obstacle]);
      await this.#look();
      if (JSON.stringify([this.#found, this.#obstacle]) !== before) this.#tell();
    }
  }

  async #look(): Promise<void> {
    const { directory, runner } = this.#options;
    const folder = this.#found.kind === 'found' && !this.#found.network.onlyInlined ? this.#found.network.name : '';
    const folders = folder === '' ? [] : [`${directory}/${folder}`];
    const programs = this.#obstacle === undefined ? [] : runner.binDirs;
    // Watched before it is read: a change in between is told.
    await this.#watch.watch([directory, ...folders, ...programs]).catch((error: unknown) => {
      this.#options.log.warn({ reason: messageOf(error) }, 'CNI configurations are looked at every minute only');
    });
    const known = JSON.stringify(this.#found);
    const found = await discoverNetwork(directory);
    const missing = found.kind === 'found' ? await missingPlugin(runner, found.network) : undefined;
    // What STATUS said stays true of the same configuration until it is asked again.
    const same = JSON.stringify(found) === known;
    this.#found = found;
    if (missing !== undefined) {
      if (this.#obstacle === undefined) this.#again = true;
      this.#obstacle = missing;
    } else if (!same || found.kind !== 'found' || !hasStatusAndGc(found.network.version)) this.#obstacle = undefined;
    if (!same && found.kind === 'found' && !found.network.onlyInlined) this.#again = true;
    void this.#ask();
  }

  /** STATUS is asked behind the answers, now and from time to time: it may take long. */
  async #ask(): Promise<void> {
    const found = this.#found;
    if (this.#asking || found.kind !== 'found' || !hasStatusAndGc(found.network.version)) return;
    clearTimeout(this.#timer);
    this.#asking = true;
    const signal = withTimeout(this.#closed.signal, statusTimeoutMs);
    const said = await askStatus(this.#options.runner, found.network, signal).then(
      () => undefined,
      (error: unknown) => errorFrom(error).message,
    );
    this.#asking = false;
    if (this.#closed.signal.aborted) return;
    const every = statusEveryMs[said === undefined ? 'good' : 'bad'];
    this.#timer = setTimeout(() => void this.#ask(), found === this.#found ? every : 0).unref();
    if (found !== this.#found || said === this.#obstacle) return;
    this.#obstacle = said;
    this.#tell();
  }

  #tell(): void {
    const { log, onChange } = this.#options;
    const found = this.#found;
    const file = found.kind === 'none' ? undefined : found.file;
    const state = this.ready;
    if (state.ready) log.info({ file, network: found.kind === 'found' ? found.network.name : '' }, 'CNI network');
    else log.warn({ file, reason: state.message }, 'CNI network is not ready');
    onChange();
  }

  [Symbol.dispose](): void {
    this.#closed.abort();
    clearTimeout(this.#timer);
    this.#watch[Symbol.dispose]();
  }
}

function whyNot(found: Exclude<Discovered, { kind: 'found' }>): string {
  return found.kind === 'none' ? found.why : `${found.file}: ${found.why}; mend or remove that file`;
}

async function missingPlugin(runner: PluginRunner, { plugins }: NetworkConfig): Promise<string | undefined> {
  for (const { type } of plugins)
    try {
      await findPlugin(runner, type);
    } catch (error) {
      return messageOf(error);
    }
  return undefined;
}
