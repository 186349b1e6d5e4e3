import { access, constants } from 'node:fs/promises';
import { monotonicMs } from '../../base/clock.ts';
import { fail, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { appArmorIsOn, appArmorParsers, loadedProfiles, ownProfile } from '../../linux/apparmor.ts';
import { exitCodeOf } from '../../linux/pidfd.ts';
import { runBounded } from '../../linux/run-bounded.ts';
import type { Watcher } from '../../linux/watcher.ts';
import { childEnvironment } from '../oci/runtime.ts';
import { defaultProfile, defaultProfileName } from './profile.ts';

/** What a container asks for; `unset` is no word at all. */
export interface AppArmorWish {
  readonly kind: 'runtime-default' | 'unconfined' | 'localhost' | 'unset';
  /** Name of a profile of the node, for `localhost`. */
  readonly reference: string;
}

const timeoutMs = 30_000;
/** Milliseconds until what failed is tried again. */
const retryMs = 30_000;

/** Profiles of containers, and the one that is ours: loaded at start, and again when somebody has taken it away. */
export class AppArmor {
  readonly enabled = appArmorIsOn();
  readonly #watcher: Watcher;
  readonly #log: Logger;
  readonly #lifetime: AbortSignal;
  #loading: Promise<void> | undefined;
  #trouble = '';
  #triedAt = 0;

  constructor(watcher: Watcher, log: Logger, lifetime: AbortSignal) {
    this.#watcher = watcher;
    this.#log = log;
    this.#lifetime = lifetime;
  }

  /** Begins to load our profile, over one that an earlier version left. Containers wait for it, nobody else does. */
  start(): void {
    if (this.enabled) void this.#load();
  }

  /**
   * The profile to name in config.json; empty for none. Privileged containers have none unless they name one
   * themselves. Where AppArmor is off RuntimeDefault means nothing, as with other runtimes.
   * Errors: `failed_precondition` for a profile of the node that is not loaded, or where AppArmor is off, and for
   * RuntimeDefault where our profile cannot be loaded.
   */
  async profileFor({ kind, reference }: AppArmorWish, privileged: boolean): Promise<string> {
    if (kind === 'unconfined' || (kind === 'localhost' && reference === 'unconfined')) return '';
    if (kind === 'localhost') return this.#ofNode(reference);
    if (privileged || !this.enabled) return '';
    await this.#ensureDefault();
    if (this.#trouble === '') return defaultProfileName;
    if (kind === 'unset') return '';
    throw fail('failed_precondition', `AppArmor profile RuntimeDefault: ${this.#trouble}`);
  }

  summary(): { readonly enabled: boolean; readonly defaultProfile: string; readonly trouble?: string } {
    const defaultProfile = this.enabled && this.#trouble === '' ? defaultProfileName : '';
    return { enabled: this.enabled, defaultProfile, ...(this.#trouble === '' ? {} : { trouble: this.#trouble }) };
  }

  async #ofNode(name: string): Promise<string> {
    const title = `AppArmor profile ${JSON.stringify(name)}`;
    if (!this.enabled)
      throw fail('failed_precondition', `${title}: AppArmor is off on this node; run the pod on one that has it`);
    // Somebody may name ours.
    if (name === defaultProfileName) await this.#ensureDefault();
    if ((await loadedProfiles()).has(name)) return name;
    throw fail('failed_precondition', `${title} is not loaded on this node; load it by apparmor_parser -r FILE`);
  }

  async #ensureDefault(): Promise<void> {
    await this.#loading;
    const isLoaded = (await loadedProfiles()).has(defaultProfileName);
    if (isLoaded) this.#trouble = '';
    else if (this.#trouble === '' || monotonicMs() - this.#triedAt > retryMs) await this.#load();
  }

  /** One at a time. Never rejects: what went wrong is kept, and said once. */
  #load(): Promise<void> {
    this.#triedAt = monotonicMs();
    this.#loading ??= this.#tryToLoad()
      .then(
        () => this.#note(''),
        (error: unknown) => this.#note(messageOf(error)),
      )
      .finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  #note(trouble: string): void {
    if (trouble !== '' && trouble !== this.#trouble)
      this.#log.warn({ reason: trouble }, 'containers have no AppArmor profile by default');
    this.#trouble = trouble;
  }

  async #tryToLoad(): Promise<void> {
    const parser = await firstProgram(appArmorParsers);
    if (parser === undefined) throw new Error('there is no apparmor_parser on this node; install the package apparmor');
    const peer = ownProfile();
    const said = await this.#parse(parser, defaultProfile({ modern: true, peer }));
    if (said === '') return;
    const saidThen = await this.#parse(parser, defaultProfile({ modern: false, peer }));
    if (saidThen !== '') throw new Error(`apparmor_parser: ${saidThen}`);
  }

  /** Empty when the kernel has taken the profile, else why not. */
  async #parse(path: string, input: string): Promise<string> {
    const args = ['--replace', '--skip-cache', '--quiet'];
    const options = { path, args, env: childEnvironment, limit: 65_536, timeoutMs, input };
    const { ending, ended, stderr } = await runBounded(
      this.#watcher,
      { ...options, onStart: async () => undefined },
      this.#lifetime,
    );
    if (ended === undefined && exitCodeOf(ending) === 0) return '';
    return stderr.toString('utf8').trim().split('\n').at(-1) || `ended by ${ended ?? `code ${exitCodeOf(ending)}`}`;
  }
}

async function firstProgram(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths)
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // The next place.
    }
  return undefined;
}
