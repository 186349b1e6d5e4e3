/**
 * Every step of the lifecycle operations, by name, in order. A step is announced *after* what it names has
 * been done; the kill test ends the daemon at each of them in turn and looks at what the restart makes of it. Those of
 * `cni-` are reached where CNI plugins make the network of pods, those of `net-` where it is built in.
 */
export const stepNames = [
  'run-pod:intent',
  'run-pod:cgroup',
  'run-pod:namespaces',
  'run-pod:cni-intent',
  'run-pod:cni-added',
  'run-pod:cni-cached',
  'run-pod:net-reserved',
  'run-pod:net-leased',
  'run-pod:net-linked',
  'run-pod:network',
  'run-pod:files',
  'run-pod:saved',
  'create:intent',
  'create:rootfs',
  'create:bundle',
  'create:monitor',
  'create:saved',
  'start:intent',
  'start:runtime',
  'start:saved',
  'exec:spawned',
  'exec:exited',
  'stop:signalled',
  'stop:killed',
  'stop-pod:containers',
  'stop-pod:cni-deleted',
  'stop-pod:net-closed',
  'stop-pod:net-detached',
  'stop-pod:network',
  'stop-pod:namespaces',
  'stop-pod:saved',
  'remove:intent',
  'remove:runtime',
  'remove:rootfs',
  'remove:files',
  'remove-pod:containers',
  'remove-pod:cgroup',
  'remove-pod:files',
] as const;
export type StepName = (typeof stepNames)[number];

/** Called at each step; does nothing but in the kill test, where it does not return from the chosen one. */
export type ReachStep = (step: StepName) => void;

export const ignoreSteps: ReachStep = () => undefined;
