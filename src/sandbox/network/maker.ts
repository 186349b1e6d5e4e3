import { rm } from 'node:fs/promises';
import { writeRecord } from '../../base/checkpoint.ts';
import type { AttachPlan } from '../../linux/netlink/calls.ts';
import type { PodMaker } from './network.ts';

/** For a pod that is there already, which has nobody to make it: the network's own part, step by step. */
export function makerOfNetwork(attachLink?: (plan: AttachPlan) => Promise<void>): PodMaker {
  return {
    async make({ records = [], link }) {
      for (const { file } of records) await writeRecord(file);
      if (link !== undefined) await attachLink?.(link);
    },
    async write({ records = [], obsolete = [] }) {
      for (const record of records) await writeRecord(record);
      for (const path of obsolete) await rm(path, { force: true });
    },
  };
}
