import { randomInt } from 'node:crypto';
import type { Parts } from '../parts.ts';
import type { PodRecord } from '../pod/record.ts';
import { freshLevel, labelsFor, noLabels } from './labels.ts';
import type { SelinuxLabels, SelinuxOptions } from './labels.ts';

type SelinuxParts = Pick<Parts, 'disk' | 'paths' | 'selinux' | 'store'>;

/** For a new sandbox; empty where SELinux is off. */
export function levelForPod({ selinux, store }: Pick<SelinuxParts, 'selinux' | 'store'>): string {
  if (selinux === undefined) return '';
  const taken = new Set([...store.pods.values()].map(({ record }) => record.selinuxLevel));
  return freshLevel(taken, (below) => randomInt(below));
}

/** Of a container in the sandbox; what it does not ask for itself the sandbox does. Privileged ones have none. */
export function labelsInPod(
  { selinux }: Pick<SelinuxParts, 'selinux'>,
  pod: PodRecord,
  container: { readonly privileged: boolean; readonly selinux: SelinuxOptions | null },
): SelinuxLabels {
  if (container.privileged) return noLabels;
  const ofPod = pod.config.selinux;
  return labelsFor(selinux, container.selinux ?? ofPod, ofPod?.level || pod.selinuxLevel);
}

/** The labels of what a sandbox gives all its containers. */
export function labelsOfPod(parts: Pick<SelinuxParts, 'selinux'>, pod: PodRecord): SelinuxLabels {
  return labelsInPod(parts, pod, { privileged: false, selinux: null });
}

/** Lets containers read their hosts file and its like. */
export async function labelPodFiles(
  parts: Pick<SelinuxParts, 'disk' | 'paths' | 'selinux'>,
  pod: PodRecord,
  signal: AbortSignal,
): Promise<void> {
  const { mountLabel: label } = labelsOfPod(parts, pod);
  if (label === '') return;
  const { hosts, hostname, resolvConf } = parts.paths.pod(pod.id);
  for (const path of [hosts, hostname, resolvConf]) await parts.disk.call('relabel', { path, label }, signal);
}
