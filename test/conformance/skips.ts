import { appArmorIsOn } from '../../src/linux/apparmor.ts';

interface Skip {
  /** Beginning of the full name of one spec or more. */
  readonly name: string;
  readonly reason: string;
}

const appArmor = { name: 'AppArmor', reason: 'it is off in this kernel; the machines of docs/vm.md have it' };

/** What is left out. Everything else must pass. */
export const skips: readonly Skip[] = [
  ...(appArmorIsOn() ? [] : [appArmor]),
  {
    name: 'Image Manager public image with digest',
    reason: 'only gcr.io has the digest it names; test/integration/images pulls by digest',
  },
  { name: 'PodSandbox benchmark', reason: 'hack/bench measures' },
  { name: 'Container benchmark', reason: 'hack/bench measures' },
  { name: 'Image benchmark', reason: 'hack/bench measures' },
];

/** The entry that fits a spec. */
export function skipOf(spec: string): Skip | undefined {
  return skips.find(({ name }) => spec.startsWith(name));
}

/** Arguments for critest. */
export function skipArguments(): string[] {
  return skips.map(({ name }) => `-ginkgo.skip=\\[k8s\\.io\\] ${quote(name)}`);
}

const quote = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
