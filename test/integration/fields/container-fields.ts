import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Signal } from '../../../api/cri/v1/api.ts';
import { containerStatus, createContainer, eventually, runContainer } from '../../fixtures/pods.ts';
import { execIn, initPid, procStatus, sh } from '../sandbox/lab.ts';
import { honoured, told } from './fields.ts';
import type { Fates } from './fields.ts';

import { name, status, inner, mount, says, options, mapped, windows, beneath, image, mappings } from './proofs.ts';
import type { Shown } from './proofs.ts';

export const containerFields: Fates = {
  'ContainerConfig.metadata.name': status(inner('metadata', 'name'), 'walk'),
  'ContainerConfig.metadata.attempt': status(inner('metadata', 'attempt'), 2),
  'ContainerConfig.image.image': says('test -x /bin/sh && echo yes', 'yes'),
  'ContainerConfig.image.annotations': told(({ containerInfo }) =>
    expect(inner('image', 'annotations')(containerInfo.status)).to.deep.equal({ of: 'image' }),
  ),
  'ContainerConfig.image.user_specified_image': told(({ containerInfo }) =>
    expect(inner('image', 'userSpecifiedImage')(containerInfo.status)).to.equal('as-written'),
  ),
  'ContainerConfig.image.runtime_handler': told(({ containerInfo }) =>
    expect(inner('image', 'runtimeHandler')(containerInfo.status)).to.equal('crun'),
  ),
  // Of answers: the status of a volume has it, and that of a container has a field of its own.
  'ContainerConfig.image.image_ref': told(({ containerInfo }) =>
    expect(containerInfo.status['imageRef']).to.match(/sha256:/),
  ),
  [`${image}.image_ref`]: told(({ containerInfo }) =>
    expect((mount(2, 'image')(containerInfo.status) as Shown)['imageRef']).to.match(/sha256:/),
  ),
  'ContainerConfig.command': honoured(({ pid }) =>
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).to.match(/^sh\0-c\0/),
  ),
  'ContainerConfig.args': honoured(({ pid }) =>
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).to.match(/\0argument\0$/),
  ),
  'ContainerConfig.working_dir': says('readlink /proc/self/cwd', '/etc'),
  'ContainerConfig.envs.key': says('echo $WALK', 'value'),
  'ContainerConfig.envs.value': says('echo $WALK', 'value'),
  'ContainerConfig.mounts.container_path': says('cat /m/file', 'mounted'),
  'ContainerConfig.mounts.host_path': says('cat /m/file', 'mounted'),
  'ContainerConfig.mounts.readonly': options('/m', / ro,/),
  'ContainerConfig.mounts.recursive_read_only': status(mount(0, 'recursiveReadOnly'), true),
  'ContainerConfig.mounts.selinux_relabel': told(async ({ cricket, pod, dir }) => {
    const mounts = [{ hostPath: join(dir, 'm'), containerPath: '/m', selinuxRelabel: true }];
    const { id } = await createContainer(cricket, pod, { name: name(), mounts });
    const { status: shown } = await cricket.client.runtime.containerStatus({ containerId: id });
    expect(shown?.mounts[0]?.selinuxRelabel).to.equal(true);
  }),
  'ContainerConfig.mounts.propagation': options('/slave', / master:/),
  'ContainerConfig.mounts.mount_options': options('/slave', /noexec/),
  ...beneath('ContainerConfig.mounts.uidMappings', mappings, mapped),
  ...beneath('ContainerConfig.mounts.gidMappings', mappings, mapped),
  [`${image}.image`]: says('cat /image/passwd | head -c 4', 'root'),
  [`${image}.annotations`]: told(({ containerInfo }) =>
    expect((mount(2, 'image')(containerInfo.status) as Shown)['annotations']).to.deep.equal({ of: 'volume' }),
  ),
  [`${image}.user_specified_image`]: told(({ containerInfo }) =>
    expect((mount(2, 'image')(containerInfo.status) as Shown)['userSpecifiedImage']).to.equal('as-written'),
  ),
  [`${image}.runtime_handler`]: told(({ containerInfo }) =>
    expect((mount(2, 'image')(containerInfo.status) as Shown)['runtimeHandler']).to.equal('crun'),
  ),
  'ContainerConfig.mounts.image_sub_path': says('ls /image | grep -x passwd', 'passwd'),
  'ContainerConfig.devices.container_path': says('stat -c %t:%T /dev/walk', '1:b'),
  'ContainerConfig.devices.host_path': says('stat -c %t:%T /dev/walk', '1:b'),
  'ContainerConfig.devices.permissions': honoured(async ({ cricket, pod }) => {
    const devices = [{ containerPath: '/dev/walk', hostPath: '/dev/kmsg', permissions: 'r' }];
    const container = await runContainer(cricket, pod, { name: name(), devices });
    expect((await execIn(cricket, container, ['sh', '-c', ': > /dev/walk'])).stderr).to.match(/not permitted/);
  }),
  'ContainerConfig.labels': status(({ labels }) => labels, { l: 'label' }),
  'ContainerConfig.annotations': status(({ annotations }) => annotations, { a: 'annotation' }),
  'ContainerConfig.log_path': honoured(({ container: { logPath } }) =>
    expect(readFileSync(logPath, 'utf8')).to.contain('started'),
  ),
  'ContainerConfig.stdin': honoured(({ containerInfo }) => expect(containerInfo.config['stdin']).to.equal(true)),
  'ContainerConfig.stdin_once': honoured(({ containerInfo }) =>
    expect(containerInfo.config['stdin_once']).to.equal(true),
  ),
  'ContainerConfig.tty': honoured(async ({ cricket, pod }) => {
    const container = await runContainer(cricket, pod, { name: name(), tty: true });
    expect(await sh(cricket, container, 'readlink /proc/1/fd/0')).to.match(/^\/dev\/pts\//);
  }),
  'ContainerConfig.CDI_devices.name': says('echo $OF_CDI', 'yes'),
  'ContainerConfig.stop_signal': honoured(async ({ cricket, pod }) => {
    const command = ['sh', '-c', 'trap "exit 42" USR1; while :; do sleep 3600 & wait; done'];
    const container = await runContainer(cricket, pod, { name: name(), command, stopSignal: Signal.SIGNAL_SIGUSR1 });
    // It must have set its trap, or the signal ends it.
    await eventually(async () =>
      expect(procStatus(await initPid(cricket, container), 'SigCgt')).to.match(/[2367abef]..$/),
    );
    await cricket.client.runtime.stopContainer({ containerId: container.id, timeout: 20n });
    expect((await containerStatus(cricket, container.id)).exitCode).to.equal(42);
  }),
  ...beneath(
    'ContainerConfig.windows.resources',
    [
      'cpu_shares',
      'cpu_count',
      'cpu_maximum',
      'memory_limit_in_bytes',
      'rootfs_size_in_bytes',
      'affinity_cpus.cpu_mask',
      'affinity_cpus.cpu_group',
    ],
    windows,
  ),
  ...beneath(
    'ContainerConfig.windows.security_context',
    ['run_as_username', 'credential_spec', 'host_process'],
    windows,
  ),
};
