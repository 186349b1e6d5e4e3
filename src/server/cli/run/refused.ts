import { Option } from 'commander';
import type { Command } from 'commander';
import { fail } from '../../../base/errors.ts';

const pod = 'describe it in a pod (crictl runp, or a file in the kubelet’s staticPodPath)';

/** Flags that docker run has and this has not, with what does it here; docs/from-docker.md tells of the rest. */
const refused: readonly (readonly [flag: string, instead: string])[] = [
  ['--restart <policy>', 'a restart is the kubelet’s: restartPolicy of a pod in its staticPodPath, or a systemd unit'],
  ['-P, --publish-all', 'name the ports: -p 8080:80'],
  ['--link <name>', 'containers of one pod share localhost; else use addresses or a DNS name'],
  ['--volumes-from <name>', 'give both the same volume or directory: -v data:/data'],
  ['--volume-driver <name>', 'mount it on the host, then -v /mnt/it:/data'],
  ['--log-driver <name>', 'logs are files (cricket inspect has the path): have a collector read them'],
  ['--log-opt <option>', 'the size of logs is the setting containers.log_size_max'],
  ['--health-cmd <command>', 'probes are the kubelet’s: livenessProbe of a pod'],
  ['--init', 'use an image with an init (tini, catatonit) as its entrypoint'],
  ['--gpus <which>', 'devices come by CDI (docs/devices.md) in a pod'],
  ['--device <path>', `devices: ${pod}`],
  ['--tmpfs <path>', `a tmpfs is an emptyDir with medium Memory: ${pod}`],
  ['--ulimit <limit>', 'limits of all containers are the setting [ulimits] (docs/devices.md)'],
  ['--sysctl <setting>', `sysctls: ${pod}`],
  ['--security-opt <option>', `profiles: ${pod}`],
  ['--add-host <host>', `names in /etc/hosts are hostAliases: ${pod}`],
  ['--pid <mode>', `a shared PID namespace: ${pod}`],
  ['--ipc <mode>', `a shared IPC namespace: ${pod}`],
  ['--userns <mode>', `user namespaces: ${pod}`],
  ['--cgroup-parent <path>', `cgroup parents: ${pod}`],
  ['--platform <platform>', 'only the host’s own runs; the annotation cricket/platform is for pods'],
  ['--mount <mount>', 'bind mounts are -v /path/here:/path/inside, volumes -v NAME:/path/inside'],
];

export function addRefusedFlags(command: Command): Command {
  for (const [flag] of refused) command.addOption(new Option(flag).hideHelp());
  return command;
}

/** Errors: `unimplemented` for the first of them that was given. */
export function refuseFlags(given: Readonly<Record<string, unknown>>): void {
  for (const [flag, instead] of refused) {
    const option = new Option(flag);
    // Those that decide nothing new are fine.
    if (given[option.attributeName()] === undefined || given[option.attributeName()] === 'no') continue;
    throw fail('unimplemented', `${option.long ?? flag} is not for cricket run: ${instead}`);
  }
}
