import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { exitCodeOf } from '../../linux/pidfd.ts';
import { runBounded } from '../../linux/run-bounded.ts';
import type { Watcher } from '../../linux/watcher.ts';
import { childEnvironment } from './runtime.ts';
import type { OciRuntime } from './runtime.ts';

/** What a runtime can do that not every one can. */
export interface RuntimeFeatures {
  /** Options of mounts, as in config.json. */
  readonly mountOptions: ReadonlySet<string>;
  /** It runs containers in a user namespace that is there already, with mounts whose sources only root can reach. */
  readonly userNamespaces: boolean;
  /** `rbind` takes along what is mounted below, in a user namespace too. */
  readonly bindsBelow: boolean;
}

const nothing: RuntimeFeatures = { mountOptions: new Set(), userNamespaces: false, bindsBelow: false };

/** Options that every crun and runc ever had. */
const oldOptions = 'nosuid suid nodev dev noexec exec noatime atime nodiratime diratime relatime norelatime'
  .concat(' strictatime nostrictatime')
  .split(' ');

/** runtime-spec, features.md. */
const featuresSchema = z.object({
  mountOptions: z.array(z.string()).nullish(),
  linux: z.object({ namespaces: z.array(z.string()).nullish() }).nullish(),
});

const outputLimit = 256 * 1024;
const timeoutMs = 10_000;

/**
 * What runtimes say they can do, asked once for each program: it is asked again when another file is at its path.
 * One that is not there, or does not answer in time, can do nothing.
 */
export class FeatureReader {
  readonly #watcher: Watcher;
  readonly #lifetime: AbortSignal;
  readonly #known = new Map<string, { readonly file: string; readonly features: Promise<RuntimeFeatures> }>();

  constructor(watcher: Watcher, lifetime: AbortSignal) {
    this.#watcher = watcher;
    this.#lifetime = lifetime;
  }

  async of({ path }: Pick<OciRuntime, 'path'>): Promise<RuntimeFeatures> {
    const file = await fileAt(path);
    const known = this.#known.get(path);
    if (known?.file === file) return known.features;
    const features = file === '' ? Promise.resolve(nothing) : this.#ask(path);
    this.#known.set(path, { file, features });
    // One that a busy machine kept from answering is asked again.
    features.catch(() => this.#known.delete(path));
    return features.catch(() => nothing);
  }

  async #ask(path: string): Promise<RuntimeFeatures> {
    const told = await this.#run(path, 'features');
    if (told !== undefined) return parseFeatures(told);
    const version = await this.#run(path, '--version');
    // It may have another name here.
    const name = /^(crun|runc) version/.exec(version ?? '')?.[1];
    return featuresOfVersion(name ?? basename(path), version ?? '');
  }

  /** What it printed; undefined where it does not know the command. Errors: it was ended before its time. */
  async #run(path: string, command: string): Promise<string | undefined> {
    const options = { path, args: [command], env: childEnvironment, limit: outputLimit, timeoutMs, input: '' };
    const ran = await runBounded(this.#watcher, { ...options, onStart: async () => undefined }, this.#lifetime);
    if (ran.ended !== undefined) throw new Error(`${path} ${command}: ${ran.ended}`);
    return exitCodeOf(ran.ending) === 0 ? ran.stdout.toString('utf8') : undefined;
  }
}

async function fileAt(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeMs } = await stat(path);
    return [dev, ino, size, mtimeMs].join();
  } catch {
    return '';
  }
}

/** The output of `features`. Text that is none says of nothing. */
export function parseFeatures(text: string): RuntimeFeatures {
  try {
    const { mountOptions, linux } = featuresSchema.parse(JSON.parse(text));
    const userNamespaces = linux?.namespaces?.includes('user') ?? false;
    return { mountOptions: new Set(mountOptions ?? []), userNamespaces, bindsBelow: true };
  } catch {
    return nothing;
  }
}

/** Of runtimes older than their `features` command, by the first line of `--version`. KEP-3857 for rro. */
export function featuresOfVersion(name: string, text: string): RuntimeFeatures {
  const found = /version v?(\d+)\.(\d+)/.exec(text);
  if (found === null || (name !== 'crun' && name !== 'runc')) return nothing;
  const [, major, minor] = found.map(Number);
  const number = (major ?? 0) * 1000 + (minor ?? 0);
  const isRecursive = name === 'crun' && number >= 1004;
  return {
    mountOptions: new Set([...oldOptions, ...(isRecursive ? ['rro'] : [])]),
    bindsBelow: name === 'runc',
    userNamespaces: number >= (name === 'crun' ? 1008 : 1001),
  };
}

/** mount_setattr(2) is of Linux 5.12. */
export function mountsRecursivelyReadonly(features: RuntimeFeatures, [major, minor]: readonly [number, number]) {
  return features.mountOptions.has('rro') && (major > 5 || (major === 5 && minor >= 12));
}
