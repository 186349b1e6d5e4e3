import { join } from 'node:path';
import { shell, sleeping, staticPod } from '../../fixtures/kubelet/static-pod.ts';
import type { StaticPod } from '../../fixtures/kubelet/static-pod.ts';

/** Each of a kind that `type` of a hostPath tells, and a test(1) for it in the container. */
export const paths = {
  directory: { type: 'Directory', is: '-d' },
  'made/directory': { type: 'DirectoryOrCreate', is: '-d' },
  file: { type: 'File', is: '-f' },
  'made-file': { type: 'FileOrCreate', is: '-f' },
  socket: { type: 'Socket', is: '-S' },
  'char-device': { type: 'CharDevice', is: '-c' },
  'block-device': { type: 'BlockDevice', is: '-b' },
  'any-file': { type: '', is: '-f' },
  'any-directory': { type: '', is: '-d' },
} as const;

const nameOf = (path: string) => path.replace('/', '-');

export function pathsPod(folder: string): StaticPod {
  const all = Object.entries(paths);
  return staticPod({
    name: 'paths',
    script: sleeping,
    spec: {
      volumes: all.map(([path, { type }]) => ({ name: nameOf(path), hostPath: { path: join(folder, path), type } })),
    },
    container: { volumeMounts: all.map(([path]) => ({ name: nameOf(path), mountPath: `/paths/${path}` })) },
  });
}

/** Two containers on the same volumes. */
export const emptyPod = (): StaticPod => {
  const volumeMounts = [
    { name: 'disk', mountPath: '/disk' },
    { name: 'memory', mountPath: '/memory' },
    { name: 'sized', mountPath: '/sized' },
    { name: 'huge-name.of_the-path', mountPath: '/with space/und Ümlaut' },
  ].map((mount) => ({ ...mount, name: mount.name.replaceAll(/[^a-z]/g, '-') }));
  const other = shell('other', sleeping, { volumeMounts });
  const pod = staticPod({
    name: 'empty',
    script: sleeping,
    container: { volumeMounts },
    spec: {
      securityContext: { fsGroup: 4242 },
      volumes: [
        { name: 'disk', emptyDir: {} },
        { name: 'memory', emptyDir: { medium: 'Memory' } },
        { name: 'sized', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
        { name: 'huge-name-of-the-path', emptyDir: {} },
      ],
    },
  });
  return { ...pod, spec: { ...pod.spec, containers: [...pod.spec.containers, other] } };
};

export function downwardPod(): StaticPod {
  const field = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } });
  const ofMain = (resource: string) => ({ resourceFieldRef: { containerName: 'main', resource } });
  const pod = staticPod({
    name: 'downward',
    script: sleeping,
    spec: {
      volumes: [
        {
          name: 'about',
          downwardAPI: {
            items: [
              { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
              { path: 'notes/annotations', fieldRef: { fieldPath: 'metadata.annotations' } },
              { path: 'memory', ...ofMain('limits.memory') },
            ],
          },
        },
      ],
    },
    container: {
      resources: { limits: { memory: '64Mi', cpu: '500m' } },
      volumeMounts: [{ name: 'about', mountPath: '/about' }],
      env: [
        { name: 'POD', ...field('metadata.name') },
        { name: 'IP', ...field('status.podIP') },
        { name: 'NODE', ...field('spec.nodeName') },
        { name: 'CPU', valueFrom: { ...ofMain('limits.cpu') } },
        { name: 'PLAIN', value: 'a=b "c" $$(POD) $(POD)' },
      ],
    },
  });
  return { ...pod, metadata: { ...pod.metadata, annotations: { 'test/note': 'zwei\nZeilen mit ü "und" mehr' } } };
}

export function subPathPod(folder: string): StaticPod {
  const volumes = [
    { name: 'work', emptyDir: {} },
    { name: 'host', hostPath: { path: folder, type: 'Directory' } },
  ];
  return staticPod({
    name: 'sub',
    script: sleeping,
    spec: { volumes },
    container: {
      env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
      volumeMounts: [
        { name: 'work', mountPath: '/all' },
        { name: 'work', mountPath: '/part', subPath: 'a/b' },
        { name: 'work', mountPath: '/own', subPathExpr: 'pods/$(POD)' },
        { name: 'host', mountPath: '/etc/one-file', subPath: 'file', readOnly: true },
      ],
    },
  });
}

const volume = (path: string) => ({ volumes: [{ name: 'host', hostPath: { path, type: 'Directory' } }] });

/** A subPath that leads out of the volume: the kubelet refuses it. */
export const outPod = (folder: string): StaticPod =>
  staticPod({
    name: 'out',
    script: sleeping,
    spec: volume(folder),
    container: { volumeMounts: [{ name: 'host', mountPath: '/out', subPath: 'way-out' }] },
  });

export function propagationPod(name: string, folder: string, mountPropagation: string): StaticPod {
  return staticPod({
    name,
    script: sleeping,
    spec: volume(folder),
    container: {
      securityContext: { privileged: true },
      volumeMounts: [{ name: 'host', mountPath: '/host', mountPropagation }],
    },
  });
}

/** A kubelet without an API server believes that no runtime has recursive read-only mounts: those are tested over CRI. */
export const readOnlyPod = (folder: string): StaticPod =>
  staticPod({
    name: 'read-only',
    script: sleeping,
    spec: volume(folder),
    container: {
      securityContext: { readOnlyRootFilesystem: true },
      volumeMounts: [{ name: 'host', mountPath: '/plain', readOnly: true }],
    },
  });

export const imagePod = (registry: string): StaticPod =>
  staticPod({
    name: 'image',
    script: sleeping,
    spec: {
      volumes: [{ name: 'image', image: { reference: `${registry}/test/layers:1`, pullPolicy: 'IfNotPresent' } }],
    },
    container: {
      volumeMounts: [
        { name: 'image', mountPath: '/image' },
        { name: 'image', mountPath: '/part', subPath: 'etc' },
      ],
    },
  });
