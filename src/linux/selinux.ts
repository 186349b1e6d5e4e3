import { existsSync, readFileSync } from 'node:fs';

/** `user:role:type:level` of a container's processes and files, as the policy of this host has them. */
export interface ContainerContexts {
  readonly process: string;
  readonly file: string;
}

/** What every policy for containers has, where the host's does not say. */
const fallback: ContainerContexts = {
  process: 'system_u:system_r:container_t:s0',
  file: 'system_u:object_r:container_file_t:s0',
};

/** Undefined where SELinux is off. Of the policy in force: lxc_contexts(5). */
export function readContainerContexts(): ContainerContexts | undefined {
  if (!existsSync('/sys/fs/selinux/enforce')) return undefined;
  const policy = /^\s*SELINUXTYPE\s*=\s*(\S+)/m.exec(readQuietly('/etc/selinux/config'))?.[1] ?? 'targeted';
  return parseContexts(readQuietly(`/etc/selinux/${policy}/contexts/lxc_contexts`));
}

/** Lines of `process = "CONTEXT"` and `file = "CONTEXT"`. */
export function parseContexts(text: string): ContainerContexts {
  const value = (key: string) => new RegExp(`^\\s*${key}\\s*=\\s*"([^"]*)"`, 'm').exec(text)?.[1];
  return { process: value('process') ?? fallback.process, file: value('file') ?? fallback.file };
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
