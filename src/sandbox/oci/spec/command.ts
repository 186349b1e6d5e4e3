import { fail } from '../../../base/errors.ts';

export interface CommandSources {
  /** The container's own `command` and `args`. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  /** The image's Entrypoint and Cmd. */
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
}

/**
 * What to run. A command replaces the image's entrypoint and drops its Cmd, which are arguments meant for
 * that entrypoint; args alone replace Cmd only. Errors: `invalid_argument` when nothing is left.
 */
export function chooseCommand(id: string, sources: CommandSources): readonly string[] {
  const entrypoint = isCleared(sources.entrypoint) ? [] : sources.entrypoint;
  const chosen =
    sources.command.length > 0
      ? [...sources.command, ...sources.args]
      : [...entrypoint, ...(sources.args.length > 0 ? sources.args : sources.cmd)];
  if (chosen.length === 0)
    throw fail('invalid_argument', `container ${id}: nothing to run; the image names no command, so set one`);
  return chosen;
}

/** `ENTRYPOINT [""]` is how a builder spells "none". */
const isCleared = (entrypoint: readonly string[]) => entrypoint.length === 1 && entrypoint[0] === '';
