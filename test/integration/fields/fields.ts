import { readContract } from '../../../hack/codegen/contract.ts';
import type { TestContainer, TestPod } from '../../fixtures/pods.ts';
import type { Cricket } from '../../fixtures/daemon.ts';

/** What the proofs look at: two pods and a container in which as many fields as possible are set. */
export interface Stage {
  readonly cricket: Cricket;
  /** A directory of the test's own. */
  readonly dir: string;
  readonly pod: TestPod;
  readonly container: TestContainer;
  /** The container's first process. */
  readonly pid: number;
  /** Status and verbose information, parsed. */
  readonly podInfo: Info;
  readonly containerInfo: Info;
}

/** As `crictl inspect` has it. */
export interface Info {
  readonly status: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
  readonly pid: number;
  readonly runtimeSpec: Readonly<Record<string, unknown>>;
}

/**
 * What becomes of a field. `honoured`: seen on a real pod or container. `refused`: the refusal is tried. `told`: it asks
 * nothing of the runtime, and is seen in an answer. `noProcess`: of a process that a sandbox does not have here.
 */
type Kind = 'honoured' | 'refused' | 'told' | 'noProcess' | 'notForLinux';
type Proof = (stage: Stage) => unknown;

export type Fates = Readonly<Record<string, { readonly kind: Kind; readonly proof: Proof }>>;
const fate = (kind: Kind) => (proof: Proof) => ({ kind, proof });
export const honoured = fate('honoured');
export const refused = fate('refused');
export const told = fate('told');
export const noProcess = fate('noProcess');
export const notForLinux = fate('notForLinux');

/** Every field below a message that is no message itself, by its path, from the table that the contract is made of. */
export function leavesOf(root: string): readonly string[] {
  const { messages } = readContract();
  const below = (message: string, path: string): readonly string[] =>
    (messages.get(message) ?? []).flatMap(({ name, type }) => {
      const at = `${path}.${name}`;
      return messages.has(type) ? below(type, at) : [at];
    });
  return below(root, root);
}
