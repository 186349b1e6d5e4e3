import { goPattern } from './go-pattern.ts';
import type { HookFile } from './hook-file.ts';

/** What the conditions of a hook look at. */
export interface HookSubject {
  readonly annotations: Readonly<Record<string, string>>;
  /** The program of the container: the first of its arguments. */
  readonly command: string;
  /** Whether it asked for mounts of its own. */
  readonly hasBindMounts: boolean;
}

/**
 * All conditions that are given must hold, and a hook without one is for nobody. Of commands one must fit, and each
 * pair of patterns of annotations must fit one annotation.
 */
export function isMeant({ always, annotations, commands, hasBindMounts }: HookFile['when'], subject: HookSubject) {
  const pairs = Object.entries(annotations ?? {});
  const conditions = [
    ...(always == null ? [] : [always]),
    ...(hasBindMounts == null ? [] : [hasBindMounts && subject.hasBindMounts]),
    ...pairs.map(([key, value]) => hasAnnotation(subject, goPattern(key), goPattern(value))),
    ...(commands == null || commands.length === 0
      ? []
      : [commands.some((command) => goPattern(command).test(subject.command))]),
  ];
  return conditions.length > 0 && conditions.every(Boolean);
}

const hasAnnotation = ({ annotations }: HookSubject, key: RegExp, value: RegExp) =>
  Object.entries(annotations).some(([name, content]) => key.test(name) && value.test(content));
