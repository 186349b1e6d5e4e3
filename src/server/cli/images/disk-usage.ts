import { diskUsageAnswer, diskUsagePath } from '../../control/images/disk-usage.ts';
import type { DiskUsage } from '../../control/images/disk-usage.ts';
import type { FormatFlag } from '../format.ts';
import type { SettingFlags } from '../settings.ts';
import { bytes, json, table } from '../terminal.ts';
import type { Terminal } from '../terminal.ts';
import { harmless } from '../text.ts';
import { askDaemon } from './control.ts';

/** `cricket images df`: what is where, the largest first, and what could go. */
export async function showDiskUsage(flags: SettingFlags & FormatFlag, terminal: Terminal): Promise<void> {
  const question = { method: 'GET', path: diskUsagePath, query: {}, answer: diskUsageAnswer } as const;
  const usage = await askDaemon(question, flags, terminal);
  terminal.out(flags.format === 'json' ? json(usage) : text(usage));
}

function text({ images, containers, layerBytes, reclaimableBytes }: DiskUsage): string {
  const byUnique = images.toSorted((a, b) => b.uniqueBytes - a.uniqueBytes);
  const byBytes = containers.toSorted((a, b) => b.bytes - a.bytes);
  const written = containers.reduce((sum, each) => sum + each.bytes, 0);
  const imageHeader = ['IMAGE', 'ID', 'SIZE', 'SHARED', 'UNIQUE', 'CONTAINERS'];
  return [
    `Images: ${images.length}, ${bytes(layerBytes)} on disk; cricket images prune --all would free ${bytes(reclaimableBytes)}\n`,
    images.length === 0 ? '' : table(imageHeader, byUnique.map(imageRow)),
    `\nContainers: ${containers.length}, ${bytes(written)} written\n`,
    containers.length === 0 ? '' : table(['CONTAINER', 'POD', 'ID', 'STATE', 'WRITTEN'], byBytes.map(containerRow)),
  ].join('');
}

function imageRow(image: DiskUsage['images'][number]): readonly string[] {
  const name = image.tags[0] ?? '<none>';
  const size = [image.bytes, image.sharedBytes, image.uniqueBytes].map(bytes);
  return [name, image.id.replace(/^sha256:/, '').slice(0, 12), ...size, `${image.containers}`];
}

function containerRow(container: DiskUsage['containers'][number]): readonly string[] {
  const pod = `${container.namespace}/${container.pod}`;
  return [harmless(container.name), harmless(pod), container.id.slice(0, 13), container.state, bytes(container.bytes)];
}
