import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { OciRuntime } from './runtime.ts';
import type { OciSpec } from './spec/oci.ts';

/** crun(1): the compiled filter, in base64; it then compiles none itself. */
const annotation = 'run.oci.seccomp_bpf_data';
/** Profiles kept; a node knows a handful. */
const most = 32;

/**
 * Compiled seccomp filters. crun takes 10 ms and more to compile the default profile for each container anew;
 * the filter it leaves in its state directory is the same every time, so the next container is given it.
 */
export class SeccompFilters {
  readonly #known = new Map<string, string>();

  /** The spec with the compiled filter in it, if one like it was compiled before. */
  apply(runtime: OciRuntime, spec: OciSpec): OciSpec {
    const filter = this.#known.get(keyOf(runtime, spec) ?? '');
    return filter === undefined ? spec : { ...spec, annotations: { ...spec.annotations, [annotation]: filter } };
  }

  /** Takes what crun compiled for a container that it has just created. */
  async learn(runtime: OciRuntime, spec: OciSpec, id: string): Promise<void> {
    const key = keyOf(runtime, spec);
    if (key === undefined || this.#known.has(key)) return;
    try {
      const filter = await readFile(join(runtime.root, id, 'seccomp.bpf'));
      if (this.#known.size >= most) this.#known.clear();
      if (filter.length > 0) this.#known.set(key, filter.toString('base64'));
    } catch {
      // A crun that keeps it elsewhere: it goes on compiling.
    }
  }
}

/** Undefined for a container without a filter and for runtimes other than crun. */
function keyOf(runtime: OciRuntime, spec: OciSpec): string | undefined {
  const { seccomp } = spec.linux;
  if (seccomp === undefined || basename(runtime.path) !== 'crun') return undefined;
  return createHash('sha256').update(JSON.stringify(seccomp)).digest('base64');
}
