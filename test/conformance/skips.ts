import { readFileSync } from 'node:fs';

interface Skip {
  /** Beginning of the full name of one spec or more. */
  readonly name: string;
  readonly reason: string;
  /** Left out only where this holds. */
  readonly where?: () => boolean;
}

const streaming = 'streams come in a version of their own';
const userNamespaces = 'no runtime handler says that it has user namespaces yet';
const recursive = 'no runtime handler says that it has recursive read-only mounts yet';

/** What is left out. Everything else must pass. */
export const skips: readonly Skip[] = [
  { name: 'Streaming', reason: streaming },
  {
    name: 'Networking runtime should support networking runtime should support port mapping with host port',
    reason: 'host ports come with the whole of networks',
  },
  { name: 'AppArmor', reason: 'this host has no AppArmor', where: () => !hasAppArmor() },
  { name: 'Security Context UserNamespaces', reason: userNamespaces },
  {
    name: 'Container Mount Readonly runtime should support readonly mounts should support recursive',
    reason: recursive,
  },
  {
    name: 'Container Mount Readonly runtime should support readonly mounts should reject a recursive',
    reason: recursive,
  },
  {
    name: 'Image Manager public image with digest',
    reason: 'only gcr.io has the digest it names; test/integration/images pulls by digest',
  },
  { name: 'PodSandbox benchmark', reason: 'hack/bench measures' },
  { name: 'Container benchmark', reason: 'hack/bench measures' },
  { name: 'Image benchmark', reason: 'hack/bench measures' },
];

/** Of the entries that count on this host: the first that fits the spec. */
export function skipOf(spec: string): Skip | undefined {
  return skips.find((skip) => spec.startsWith(skip.name) && applies(skip));
}

/** Arguments for critest. */
export function skipArguments(): string[] {
  return skips.filter(applies).map(({ name }) => `-ginkgo.skip=\\[k8s\\.io\\] ${quote(name)}`);
}

const applies = ({ where }: Skip): boolean => where?.() ?? true;

const quote = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function hasAppArmor(): boolean {
  try {
    return readFileSync('/sys/module/apparmor/parameters/enabled', 'utf8').startsWith('Y');
  } catch {
    return false;
  }
}
