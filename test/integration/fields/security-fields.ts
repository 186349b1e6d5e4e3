import { expect } from 'chai';
import {
  NamespaceMode,
  NamespaceOption,
  SecurityProfile,
  SecurityProfile_ProfileType,
} from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import { runContainer, runPod } from '../../fixtures/pods.ts';
import { initPid, namespaceOf, procStatus, sh } from '../sandbox/lab.ts';
import { honoured } from './fields.ts';
import type { Fates, Stage } from './fields.ts';

import {
  name,
  refusedSecurity,
  says,
  proc,
  options,
  mapped,
  apparmor,
  localSeccomp,
  selinux,
  beneath,
  security,
  option,
  mappings,
  capability,
} from './proofs.ts';

export const securityFields: Fates = {
  [`${security}.capabilities.add_capabilities`]: capability('CapBnd', 12n, true),
  [`${security}.capabilities.drop_capabilities`]: capability('CapBnd', 0n, false),
  [`${security}.capabilities.add_ambient_capabilities`]: capability('CapAmb', 10n, true),
  [`${security}.privileged`]: honoured(async ({ cricket }) => {
    const pod = await runPod(cricket, { name: name(), privileged: true });
    const container = await runContainer(cricket, pod, { name: 'c', security: { privileged: true } });
    expect(await sh(cricket, container, 'ls /dev/kmsg; grep -c " /sys sysfs rw" /proc/mounts')).to.equal(
      '/dev/kmsg\n1',
    );
  }),
  // The sandbox's decide: a kubelet sends the same again.
  [`${option}.network`]: honoured(({ pid, podInfo }) =>
    expect(namespaceOf('net', pid)).to.equal(namespaceOf('net', podInfo.pid)),
  ),
  [`${option}.ipc`]: honoured(({ pid, podInfo }) =>
    expect(namespaceOf('ipc', pid)).to.equal(namespaceOf('ipc', podInfo.pid)),
  ),
  [`${option}.pid`]: honoured(({ pid, podInfo }) =>
    expect(namespaceOf('pid', pid)).to.equal(namespaceOf('pid', podInfo.pid)),
  ),
  [`${option}.target_id`]: honoured(async ({ cricket, container, pod, pid }) => {
    const namespaceOptions = filled(NamespaceOption, { pid: NamespaceMode.TARGET, targetId: container.id });
    const target = await runContainer(cricket, pod, { name: name(), security: { namespaceOptions } });
    expect(namespaceOf('pid', await initPid(cricket, target))).to.equal(namespaceOf('pid', pid));
  }),
  [`${option}.userns_options.mode`]: mapped,
  ...beneath(`${option}.userns_options.uids`, mappings, mapped),
  ...beneath(`${option}.userns_options.gids`, mappings, mapped),
  ...Object.fromEntries(
    (['user', 'role', 'type', 'level'] as const).map((part) => [`${security}.selinux_options.${part}`, selinux(part)]),
  ),
  [`${security}.run_as_user.value`]: proc('Uid', '^1234\\s'),
  [`${security}.run_as_group.value`]: proc('Gid', '^2345\\s'),
  [`${security}.run_as_username`]: honoured(async ({ cricket, pod }) => {
    const container = await runContainer(cricket, pod, { name: name(), security: { runAsUsername: 'root' } });
    expect(procStatus(await initPid(cricket, container), 'Uid')).to.match(/^0\s/);
    await refusedSecurity({ cricket, pod } as Stage, { runAsUsername: 'nobody-here' }, 'NOT_FOUND', 'nobody-here');
  }),
  [`${security}.readonly_rootfs`]: options('/', / ro,/),
  [`${security}.supplemental_groups`]: proc('Groups', '^2345 3456$'),
  [`${security}.supplemental_groups_policy`]: proc('Groups', '^2345 3456$'),
  [`${security}.no_new_privs`]: proc('NoNewPrivs', '^1$'),
  [`${security}.masked_paths`]: says('wc -c < /proc/cpuinfo', '0'),
  [`${security}.readonly_paths`]: options('/proc/sys', / ro,/),
  [`${security}.seccomp.profile_type`]: proc('Seccomp', '^2$'),
  [`${security}.seccomp.localhost_ref`]: localSeccomp((localhostRef) => ({
    seccomp: filled(SecurityProfile, { profileType: SecurityProfile_ProfileType.Localhost, localhostRef }),
  })),
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- older clients still write it
  [`${security}.seccomp_profile_path`]: localSeccomp((path) => ({ ['seccompProfilePath']: `localhost/${path}` })),
  [`${security}.apparmor.profile_type`]: apparmor,
  [`${security}.apparmor.localhost_ref`]: apparmor,
  [`${security}.apparmor_profile`]: apparmor,
};
