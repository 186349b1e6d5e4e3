import { labelled, row } from '../../../../metrics/family.ts';
import type { Family, Row } from '../../../../metrics/family.ts';
import type { FileSystemFacts } from '../../../linux/disk-worker.ts';
import type { NamedDevice } from '../look.ts';
import { moreOf } from './figures.ts';
import type { ContainerFigures } from './figures.ts';

type F = Family<ContainerFigures>;

function ofFileSystem(
  name: string,
  help: string,
  value: (at: FileSystemFacts, figures: ContainerFigures) => number | undefined,
): F {
  return labelled({ name: `container_fs_${name}`, help, type: 'gauge' }, ['device'], (figures) => {
    const { fileSystem } = figures;
    return fileSystem === undefined ? [] : row([fileSystem.device], value(fileSystem, figures));
  });
}

function ofDevices(name: string, help: string, value: (device: NamedDevice) => number | undefined): F {
  return labelled({ name: `container_fs_${name}_total`, help, type: 'counter' }, ['device'], (figures) =>
    (moreOf(figures)?.disks ?? []).flatMap((device) => row([device.path], value(device))),
  );
}

export const diskFamilies: readonly F[] = [
  ofFileSystem('usage_bytes', 'Disk space of the writable layer.', (_at, { layer }) => layer?.bytes),
  ofFileSystem('limit_bytes', 'Size of the file system of the writable layer.', ({ bytes }) => bytes),
  ofFileSystem('inodes_total', 'Inodes of the file system of the writable layer.', ({ inodes }) => inodes),
  ofFileSystem('inodes_free', 'Free inodes of the file system of the writable layer.', ({ inodesFree }) => inodesFree),
  ofDevices('reads', 'Reads of a block device.', ({ reads }) => reads),
  ofDevices('writes', 'Writes to a block device.', ({ writes }) => writes),
  ofDevices('reads_bytes', 'Bytes read from a block device.', ({ readBytes }) => readBytes),
  ofDevices('writes_bytes', 'Bytes written to a block device.', ({ writeBytes }) => writeBytes),
  labelled(
    {
      name: 'container_blkio_device_usage_total',
      help: 'Bytes read from and written to a block device.',
      type: 'counter',
    },
    ['device', 'major', 'minor', 'operation'],
    (figures) => (moreOf(figures)?.disks ?? []).flatMap(bothWays),
  ),
];

/** Beyond what is listed over CRI: only where the node runs iocost. */
export const moreDiskFamilies: readonly F[] = (
  [
    ['usage', 'Cost of the I/O done'],
    ['wait', 'Time waited for a turn'],
    ['indebt', 'Time in debt'],
    ['indelay', 'Time held back for debt'],
  ] as const
).map(([key, help]) =>
  ofDevices(`io_cost_${key}_seconds`, `${help}, by blk-iocost (cgroup v2).`, ({ costUs }) =>
    costUs[key] === undefined ? undefined : costUs[key] / 1e6,
  ),
);

function bothWays({ device, path, readBytes, writeBytes }: NamedDevice): readonly Row[] {
  const [major = '', minor = ''] = device.split(':');
  return [
    { labels: [path, major, minor, 'Read'], value: readBytes },
    { labels: [path, major, minor, 'Write'], value: writeBytes },
  ];
}
