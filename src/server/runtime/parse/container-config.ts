import { posix } from 'node:path';
import { MountPropagation, Signal } from '../../../../api/cri/v1/api.ts';
import type { ContainerConfig as WireConfig, Mount } from '../../../../api/cri/v1/api.ts';
import { fail } from '../../../base/errors.ts';
import type { ContainerConfig, ContainerMount } from '../../../sandbox/container/record.ts';
import { parseMountOptions } from '../../../sandbox/oci/mount-options.ts';
import { textFromBytes } from '../../../sandbox/oci/spec/text.ts';
import type { PodConfig } from '../../../sandbox/pod/record.ts';
import { parseNewResources } from './resources.ts';
import { parseSecurity } from './security.ts';
import { parseMountUsers } from './user-namespace.ts';
import { absoluteOrEmpty, member, nonEmpty, refuse, required, text, textMap } from './values.ts';

const propagations = {
  [MountPropagation.PROPAGATION_PRIVATE]: 'private',
  [MountPropagation.PROPAGATION_HOST_TO_CONTAINER]: 'rslave',
  [MountPropagation.PROPAGATION_BIDIRECTIONAL]: 'rshared',
} as const;
/** `SIGTERM` of `SIGNAL_SIGTERM`; empty for the default. */
const signals = Object.fromEntries(
  Object.entries(Signal)
    .filter(([, value]) => value >= 0)
    .map(([name, value]) => [
      value,
      value === 0 ? '' : name.replace('SIGNAL_', '').replace('PLUS', '+').replace('MINUS', '-'),
    ]),
);

/** MAX_ARG_STRLEN of execve(2). */
const longestArgument = 128 * 1024 - 1;

/** CreateContainer's configuration with every default decided. Errors: `invalid_argument` naming the field. */
export function parseContainerConfig(given: WireConfig | undefined, pod: PodConfig): ContainerConfig {
  const config = required(given, 'config');
  const metadata = required(config.metadata, 'config.metadata');
  const image = required(config.image, 'config.image');
  refuse(config.windows !== undefined, 'config.windows');
  return {
    name: nonEmpty(metadata.name, 'config.metadata.name', 1024),
    attempt: metadata.attempt,
    image: nonEmpty(image.image, 'config.image.image'),
    userSpecifiedImage: text(image.userSpecifiedImage, 'config.image.user_specified_image'),
    imageHandler: text(image.runtimeHandler, 'config.image.runtime_handler'),
    imageAnnotations: textMap(image.annotations, 'config.image.annotations'),
    command: config.command.map((word) => text(word, 'config.command', longestArgument)),
    args: config.args.map((word) => text(word, 'config.args', longestArgument)),
    workingDir: text(config.workingDir, 'config.working_dir'),
    env: config.envs.map(({ key, value }) => {
      const decoded = textFromBytes(metadata.name, `environment ${key}`, value);
      return `${nonEmpty(key, 'config.envs key')}=${text(decoded, `config.envs ${key}`, longestArgument)}`;
    }),
    mounts: config.mounts.map((mount) => parseMount(mount, pod)),
    devices: config.devices.map((device) => ({
      hostPath: nonEmpty(absoluteOrEmpty(device.hostPath, 'config.devices.host_path'), 'config.devices.host_path'),
      containerPath: absoluteOrEmpty(device.containerPath, 'config.devices.container_path'),
      permissions: device.permissions || 'rwm',
    })),
    cdiDevices: config.CDIDevices.map(({ name }) => nonEmpty(name, 'config.CDI_devices name')),
    labels: textMap(config.labels, 'config.labels'),
    annotations: textMap(config.annotations, 'config.annotations'),
    logPath: parseLogPath(pod.logDirectory, config.logPath),
    stdin: config.stdin,
    stdinOnce: config.stdinOnce,
    tty: config.tty,
    stopSignal: member(config.stopSignal, signals, 'config.stop_signal'),
    resources: parseNewResources(config.linux?.resources),
    ...parseSecurity(config.linux?.securityContext, pod),
  };
}

function parseMount(mount: Mount, pod: PodConfig): ContainerMount {
  const where = `config.mounts ${mount.containerPath}`;
  const image = parseImageVolume(mount, where);
  if (image === undefined) nonEmpty(mount.hostPath, `${where}: host_path`);
  return {
    ...(image === undefined ? {} : { image }),
    hostPath: absoluteOrEmpty(mount.hostPath, `${where}: host_path`),
    containerPath: nonEmpty(mount.containerPath, 'config.mounts.container_path'),
    readonly: mount.readonly,
    recursiveReadonly: mount.recursiveReadOnly,
    propagation: member(mount.propagation, propagations, `${where}: propagation`),
    selinuxRelabel: mount.selinuxRelabel,
    options: [...parseMountOptions(where, mount.mountOptions)],
    users: parseMountUsers(mount, pod, where),
  };
}

/** KEP-4639: with an image there is no host path, and the mount is read-only whatever `readonly` says. */
function parseImageVolume(mount: Mount, where: string): ContainerMount['image'] {
  const name = mount.image?.image ?? '';
  if (name === '') {
    if (mount.imageSubPath !== '') throw fail('invalid_argument', `${where}: image_sub_path needs an image`);
    return undefined;
  }
  if (mount.hostPath !== '') throw fail('invalid_argument', `${where}: it names an image and a host_path; give one`);
  if (mount.propagation === MountPropagation.PROPAGATION_BIDIRECTIONAL)
    throw fail('invalid_argument', `${where}: an image volume has nothing to propagate; use private propagation`);
  const { annotations = {}, userSpecifiedImage = '', runtimeHandler = '' } = mount.image ?? {};
  return {
    name: text(name, `${where}: image`),
    subPath: text(mount.imageSubPath, `${where}: image_sub_path`),
    userSpecified: text(userSpecifiedImage, `${where}: user_specified_image`),
    handler: text(runtimeHandler, `${where}: runtime_handler`),
    annotations: textMap(annotations, `${where}: image annotations`),
  };
}

/** Below the sandbox's log directory; without one there is no log, as without a path. */
function parseLogPath(directory: string, path: string): string {
  if (directory === '' || path === '') return '';
  const full = posix.join(directory, text(path, 'config.log_path'));
  if (!full.startsWith(`${posix.normalize(directory).replace(/\/$/, '')}/`))
    throw fail('invalid_argument', `config.log_path ${JSON.stringify(path)} leaves the log directory ${directory}`);
  if (full.endsWith('/'))
    throw fail('invalid_argument', `config.log_path ${JSON.stringify(path)} names a directory, not a file in it`);
  return full;
}
