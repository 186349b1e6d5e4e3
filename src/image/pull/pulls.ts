import { createHash } from 'node:crypto';
import type { PullMeter } from '../../../metrics/pulls.ts';
import { CricketError, errorFrom, fail } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { describeSpan } from '../../base/trace.ts';
import { assembleImage } from '../assemble.ts';
import type { AssemblyDeps } from '../assemble.ts';
import type { Image } from '../image.ts';
import { isDigest } from '../reference/digest.ts';
import { formatReference } from '../reference/parse.ts';
import type { ImageReference } from '../reference/parse.ts';
import { candidatesOf } from '../reference/short-names.ts';
import type { RegistryAuth } from '../registry/auth.ts';
import { credentialsFromFile } from '../registry/auth-file.ts';
import { endpointsOf } from '../registry/hosts.ts';
import type { RegistryOptions } from '../registry/hosts.ts';
import type { Platform } from '../registry/manifest.ts';
import { RegistrySession } from '../registry/session.ts';
import { SharedWork } from '../shared-work.ts';
import { PullTracker } from './progress.ts';
import type { PullProgress } from './progress.ts';
import { resolveImage } from './resolve.ts';
import type { PullDeps } from './resolve.ts';

export interface RegistryAccess extends RegistryOptions {
  /** Milliseconds without a byte after which a transfer is taken for dead. */
  readonly silenceMs?: number;
  /** Credentials in the form of Docker's config.json, for requests that bring none. */
  readonly authFile?: string;
  /** Where HTTP_PROXY, HTTPS_PROXY and NO_PROXY are looked up. */
  readonly proxy?: NodeJS.ProcessEnv;
}

export interface PullOptions {
  readonly auth?: RegistryAuth;
  readonly platform?: Platform;
}

export interface PullsOptions {
  readonly registry: RegistryAccess;
  /** Registries in which short names are looked for, in order. */
  readonly searchRegistries: readonly string[];
  /** Milliseconds that a pull goes on after the last who waited for it has left. */
  readonly graceMs: number;
  readonly meter: PullMeter | undefined;
  readonly log: Logger;
}

const defaultSilenceMs = 60_000;

/** Pulls that are going on: each image once however many ask for it. */
export class Pulls {
  readonly #options: PullsOptions;
  readonly #deps: PullDeps & AssemblyDeps;
  readonly #work: SharedWork<string, Image>;
  readonly #trackers = new Map<string, PullTracker>();

  constructor(options: PullsOptions, deps: PullDeps & AssemblyDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#work = new SharedWork(options.graceMs);
  }

  /** The image, pulled unless it is known by its id. Errors: see Images. */
  async join(text: string, wishes: PullOptions, signal: AbortSignal): Promise<Image> {
    if (isDigest(text)) return this.#byId(text);
    const candidates = candidatesOf(text, this.#options.searchRegistries);
    const key = JSON.stringify([candidates.map(formatReference), wishes.platform, secretKey(wishes.auth)]);
    return this.#work.join(key, (until) => this.#pullFirst(candidates, wishes, until), signal);
  }

  /** How far the pulls of this name are; none where it is not being pulled. */
  progress(text: string): readonly PullProgress[] {
    const names = candidatesOf(text, this.#options.searchRegistries).map(formatReference);
    return names.flatMap((name) => this.#trackers.get(name)?.snapshot() ?? []);
  }

  /** Calls everything off and waits for its end. */
  close(reason: Error): Promise<void> {
    return this.#work.close(reason);
  }

  #byId(id: string): Image {
    const image = this.#deps.catalog.find(id);
    if (image === undefined)
      throw fail('invalid_argument', `image id ${id}: no such image here, and an id cannot be pulled; write its name`);
    return image;
  }

  /**
   * A short name is asked for in one registry after the other, as long as they say that they have it not. One that
   * does not answer ends it: the next may have something else by that name.
   */
  async #pullFirst(candidates: readonly ImageReference[], wishes: PullOptions, signal: AbortSignal): Promise<Image> {
    const refused: string[] = [];
    for (const reference of candidates) {
      try {
        return await this.#tracked(reference, wishes, signal);
      } catch (thrown) {
        const error = errorFrom(thrown);
        if (candidates.length === 1) throw error;
        refused.push(error.message);
        if (!['not_found', 'unauthenticated', 'permission_denied'].includes(error.code))
          throw new CricketError(error.code, refused.join('; '), error);
      }
    }
    throw fail('not_found', refused.join('; '));
  }

  async #tracked(reference: ImageReference, wishes: PullOptions, signal: AbortSignal): Promise<Image> {
    const name = formatReference(reference);
    describeSpan({ 'container.image.name': name });
    const tracker = new PullTracker(name, this.#options.meter, this.#options.log);
    this.#trackers.set(name, tracker);
    try {
      const image = await this.#pull(reference, wishes, tracker, signal);
      tracker.end(undefined);
      return image;
    } catch (error) {
      tracker.end(errorFrom(error).code);
      throw error;
    } finally {
      if (this.#trackers.get(name) === tracker) this.#trackers.delete(name);
    }
  }

  async #pull(
    reference: ImageReference,
    { auth, platform = this.#deps.platform }: PullOptions,
    tracker: PullTracker,
    signal: AbortSignal,
  ): Promise<Image> {
    const { registry, log } = this.#options;
    const { silenceMs = defaultSilenceMs, proxy = {}, authFile } = registry;
    const stored = async (name: string) => (authFile === undefined ? undefined : credentialsFromFile(authFile, name));
    const endpoints = await endpointsOf(reference.registry, registry);
    using session = new RegistrySession(reference, { endpoints, auth, stored, silenceMs, proxy });
    const source = await resolveImage(session, { ...this.#deps, platform }, tracker, signal);
    const image = await assembleImage(source, this.#deps, signal);
    log.info({ image: image.id, reference: formatReference(reference), ...tracker.summary() }, 'image pulled');
    return image;
  }
}

/** Pulls with other credentials must not share an answer; the credentials themselves are kept nowhere. */
function secretKey(auth: RegistryAuth | undefined): string {
  return auth === undefined ? '' : createHash('sha256').update(JSON.stringify(auth)).digest('hex');
}
