import { staticPod } from '../../fixtures/kubelet/static-pod.ts';

/** Ready once a file is there that it makes after a second; as a person writes it: probes, a port, requests, a volume. */
export function steadyPod(): object {
  const probe = (...command: readonly string[]) => ({ exec: { command }, periodSeconds: 1, timeoutSeconds: 5 });
  const script = `trap 'echo goodbye; exit 0' TERM; echo hello from $HOSTNAME; sleep 1; touch /work/ready
    i=0; while :; do i=$((i + 1)); echo tick $i; sleep 0.5; done`;
  return staticPod({
    name: 'steady',
    script,
    spec: { volumes: [{ name: 'work', emptyDir: {} }] },
    container: {
      ports: [{ containerPort: 8080, name: 'http' }],
      resources: { requests: { cpu: '50m', memory: '16Mi' }, limits: { memory: '64Mi' } },
      readinessProbe: probe('cat', '/work/ready'),
      livenessProbe: { ...probe('sh', '-c', 'kill -0 1'), failureThreshold: 1, initialDelaySeconds: 2 },
      volumeMounts: [{ name: 'work', mountPath: '/work' }],
    },
  });
}

/** Fails at once, and says why where Kubernetes wants to be told. */
export const crashPod = (): object =>
  staticPod({ name: 'crash', script: 'echo dying; echo why > /dev/termination-log; exit 3' });

/** Its command is not in the image. */
export const typoPod = (): object => staticPod({ name: 'typo', script: '', container: { command: ['bussybox'] } });

/** 4 KB of numbered lines a second, which the kubelet rotates. */
export const chattyPod = (): object =>
  staticPod({
    name: 'chatty',
    script:
      'i=0; while :; do i=$((i + 1)); echo line $i of a log that grows and grows; [ $((i % 50)) = 0 ] && sleep 1; done',
  });

/** Prepares, then works until it finds `go` in a folder of the host, and is done: it must not be run again. */
export function workerPod(folder: string): object {
  const mount = { volumeMounts: [{ name: 'shared', mountPath: '/shared' }] };
  const first = staticPod({
    name: '',
    script: 'echo prepared > /shared/prepared',
    container: { ...mount, name: 'first' },
  });
  return staticPod({
    name: 'worker',
    script: 'cat /shared/prepared; until [ -e /shared/go ]; do sleep 0.1; done; echo last words',
    spec: {
      restartPolicy: 'OnFailure',
      initContainers: first.spec.containers,
      volumes: [{ name: 'shared', hostPath: { path: folder, type: 'Directory' } }],
    },
    container: mount,
  });
}

/** A pod that stays itself when its manifest changes, as its uid is in it: the kubelet then resizes it where it runs. */
export function sizedPod(memory = '32Mi'): object {
  const resources = { requests: { cpu: '50m', memory: '16Mi' }, limits: { cpu: '500m', memory } };
  const pod = staticPod({ name: 'sized', script: 'exec sleep 1000', container: { resources } });
  return { ...pod, metadata: { ...pod.metadata, uid: '5e1f5e1f-0000-4000-8000-000000000001' } };
}

/** Ends by the kernel's hand as soon as it runs. */
export const eaterPod = (): object =>
  staticPod({
    name: 'eater',
    script: 'echo hungry; exec tail /dev/zero',
    spec: { restartPolicy: 'Never' },
    container: { resources: { limits: { memory: '24Mi' } } },
  });

/** As a node's own agents are: every namespace the host's, all rights, and dearer to the kernel than the daemon is. */
export function agentPod(): object {
  const resources = { cpu: '50m', memory: '32Mi' };
  return staticPod({
    name: 'agent',
    script: 'echo score $(cat /proc/self/oom_score_adj); echo host $(hostname); ls -d /host/proc; exec sleep 1000',
    spec: {
      hostNetwork: true,
      hostPID: true,
      hostIPC: true,
      volumes: [{ name: 'host', hostPath: { path: '/', type: 'Directory' } }],
    },
    container: {
      resources: { requests: resources, limits: resources },
      securityContext: { privileged: true },
      volumeMounts: [{ name: 'host', mountPath: '/host', readOnly: true, mountPropagation: 'HostToContainer' }],
    },
  });
}

/** Two containers that see each other's processes, and as little else as can be. */
export function sharedPod(): object {
  const pod = staticPod({ name: 'shared', script: '' });
  const [main] = pod.spec.containers;
  const confined = {
    securityContext: {
      runAsUser: 1000,
      runAsGroup: 1000,
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
  const command = [
    'sh',
    '-c',
    'id; until ps -o args | grep -qx "sleep 999"; do sleep 0.2; done; ps -o args; exec sleep 1000',
  ];
  return {
    ...pod,
    spec: {
      ...pod.spec,
      shareProcessNamespace: true,
      securityContext: { fsGroup: 2000, supplementalGroups: [3000] },
      containers: [
        { ...main, ...confined, command },
        { ...main, ...confined, name: 'other', command: ['sleep', '999'] },
      ],
    },
  };
}
