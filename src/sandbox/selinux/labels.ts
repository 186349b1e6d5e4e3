import type { ContainerContexts } from '../../linux/selinux.ts';

/** Empty where nothing is asked for. */
export interface SelinuxOptions {
  readonly user: string;
  readonly role: string;
  readonly type: string;
  readonly level: string;
}

/** As config.json has them; both empty: none. */
export interface SelinuxLabels {
  readonly processLabel: string;
  readonly mountLabel: string;
}

export const noLabels: SelinuxLabels = { processLabel: '', mountLabel: '' };

/** For a mount whose files are all to have it. */
export const contextOf = ({ mountLabel }: SelinuxLabels): { readonly label?: string } =>
  mountLabel === '' ? {} : { label: mountLabel };

/**
 * The labels of a container: the host's own for containers, with what is asked for in its place. Files have the user
 * and level of the process, and a type of their own. `level` counts where the options have none: containers of a pod
 * share one, so that they can share files, and no other pod can.
 */
export function labelsFor(
  contexts: ContainerContexts | undefined,
  options: SelinuxOptions | null,
  level: string,
): SelinuxLabels {
  if (contexts === undefined) return noLabels;
  const { user, role, type } = options ?? { user: '', role: '', type: '' };
  const change = { user, level: options?.level || level };
  return {
    processLabel: changed(contexts.process, { ...change, role, type }),
    mountLabel: changed(contexts.file, change),
  };
}

function changed(context: string, change: Partial<SelinuxOptions>): string {
  const [user = '', role = '', type = '', ...level] = context.split(':');
  return [change.user || user, change.role || role, change.type || type, change.level || level.join(':')].join(':');
}

/** Categories of a policy with MCS. */
const categories = 1024;

/**
 * A level that no other pod has: two categories of the lowest sensitivity. `random` answers a number below its argument.
 * With more pods than pairs it answers one that is taken.
 */
export function freshLevel(taken: ReadonlySet<string>, random: (below: number) => number): string {
  for (let attempt = 0; ; attempt += 1) {
    const [one, other] = [random(categories), random(categories - 1)];
    const two = other >= one ? other + 1 : other;
    const level = `s0:c${Math.min(one, two)},c${Math.max(one, two)}`;
    if (!taken.has(level) || attempt > 1000) return level;
  }
}
