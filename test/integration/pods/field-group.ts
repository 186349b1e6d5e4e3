import type fc from 'fast-check';
import type { ContainerStatus, PodSandboxStatus } from '../../../api/cri/v1/api.ts';
import type { PodWish } from '../../../hack/lib/cri-messages.ts';
import type { OciSpec } from '../../../src/sandbox/oci/spec/oci.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import type { TestContainer, TestWish } from '../../fixtures/pods.ts';

/** A pod of one container, as it is asked for. */
export interface Draft {
  readonly pod: Omit<PodWish, 'name'> & { readonly name: string };
  readonly container: TestWish;
}

/** What the groups may name of this machine. */
export interface Place {
  /** A directory of the test's own, on a shared mount. */
  readonly dir: string;
  readonly cgroupVersion: 1 | 2;
}

/** A running container, and all that can be seen of it. */
export interface Seen {
  readonly cricket: Cricket;
  readonly draft: Draft;
  readonly container: TestContainer;
  readonly pid: number;
  readonly spec: OciSpec;
  readonly status: ContainerStatus;
  readonly podStatus: PodSandboxStatus;
  /** Of the container. */
  readonly cgroup: string;
  readonly place: Place;
}

/** Fields that belong together: what may be asked of them, and what must be seen then. */
export interface FieldGroup<Wish> {
  readonly wishes: (place: Place) => fc.Arbitrary<Wish>;
  /** The draft with this wish in it. Groups that come later see what earlier ones put there. */
  readonly put: (draft: Draft, wish: Wish) => Draft;
  /** Throws where what is seen is not what was asked for. */
  readonly check: (seen: Seen, wish: Wish) => void | Promise<void>;
}
