import { KeyedFile, key, numberIn } from '../file-bytes.ts';
import type { ReadBytes } from '../file-bytes.ts';
import type { Resources } from '../resources.ts';
import type { Controller, Side, Write } from './controller.ts';
import { parseNumber } from './text.ts';

/** Of one page size, bytes. */
export interface HugetlbStats {
  readonly pageSize: string;
  readonly usage: number;
  /** v1 only. */
  readonly peak: number | undefined;
  /** Times an allocation ran into the limit. */
  readonly failcnt: number;
}

/** How the files of one version are named after `hugetlb.<size>.`. */
interface Files {
  readonly limit: string;
  readonly reserved: string;
  readonly usage: string;
  readonly failures: (read: ReadBytes, prefix: string) => number | undefined;
}

const maxKey = key('max');

const v1: Files = {
  limit: 'limit_in_bytes',
  reserved: 'rsvd.limit_in_bytes',
  usage: 'usage_in_bytes',
  failures: (read, prefix) => numberIn(read(`${prefix}.failcnt`)),
};
const v2: Files = {
  limit: 'max',
  reserved: 'rsvd.max',
  usage: 'current',
  failures: (read, prefix) => {
    const file = read(`${prefix}.events`);
    return file && new KeyedFile(file).of(maxKey);
  },
};

/** cgroup-v1/hugetlb.rst; cgroup-v2.rst, "HugeTLB". Sizes as in the file names: `2MB`. */
export function hugetlb(sizes: readonly string[]): Controller<readonly HugetlbStats[]> {
  return { v1: side(sizes, v1), v2: side(sizes, v2) };
}

function side(sizes: readonly string[], files: Files): Side<readonly HugetlbStats[]> {
  return {
    plan: ({ hugepages = [] }: Resources): readonly Write[] =>
      hugepages.flatMap(({ pageSize, limit }) => {
        // Of a size that no one here can use nothing needs to be limited.
        if (!sizes.includes(pageSize)) return [];
        // Reservations fail with an error at mmap; faults past the limit would end in SIGBUS, so both are set.
        return [files.limit, files.reserved].map((file) => ({
          file: `hugetlb.${pageSize}.${file}`,
          value: `${limit}`,
          ...(file === files.limit ? {} : { optional: true as const }),
        }));
      }),
    stats: (read) => {
      const all = sizes.flatMap((pageSize) => {
        const prefix = `hugetlb.${pageSize}`;
        const usage = numberIn(read(`${prefix}.${files.usage}`));
        if (usage === undefined) return [];
        const peak = numberIn(read(`${prefix}.max_usage_in_bytes`));
        return [{ pageSize, usage, peak, failcnt: files.failures(read, prefix) ?? 0 }];
      });
      return all.length === 0 ? undefined : all;
    },
    limits: (read) => {
      const hugepages = sizes.flatMap((pageSize) => {
        const limit = parseNumber(read(`hugetlb.${pageSize}.${files.limit}`));
        return limit === undefined || limit >= 1n << 62n ? [] : [{ pageSize, limit }];
      });
      return hugepages.length === 0 ? {} : { hugepages };
    },
  };
}
