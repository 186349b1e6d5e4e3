import { z } from 'zod';

/** What can still be told of a record: all of a newer version's, little of a damaged one. */
export interface Hints {
  readonly podId: string;
  readonly imageId: string;
  readonly cgroup: string;
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly attempt: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly logPath: string;
  /** It says so; a damaged one may have been, too. */
  readonly standalone: boolean;
}

/** A record that could not be read: its object stays listed, and what it holds stays untouched. */
export interface Unreadable {
  readonly kind: 'pod' | 'container';
  readonly id: string;
  readonly reason: string;
  /** Each is empty (0) where it could not be told. */
  readonly hints: Hints;
}

const text = z.string().catch('');
const texts = z.record(z.string(), z.string()).catch({});
const config = z.object({
  ...{ name: text, namespace: text, uid: text, logPath: text },
  standalone: z.looseObject({}).optional().catch(undefined),
  ...{ attempt: z.number().int().nonnegative().catch(0), labels: texts, annotations: texts },
});
const record = z.object({
  data: z.object({ podId: text, imageId: text, cgroup: text, config: config.catch(config.parse({})) }),
});

/** Reads what it can from a record's text; only ids and paths of the right form. */
export function readHints(recordText: string): Hints {
  const found = parsed(recordText);
  const flat = found === undefined ? fromDamaged(recordText) : { ...found.config, ...found };
  const { podId, imageId, cgroup, name, namespace, uid, attempt, labels, annotations, logPath } = flat;
  return {
    ...{ name, namespace, uid, attempt, labels, annotations, logPath },
    standalone: flat.standalone !== undefined,
    podId: /^[0-9a-f]{64}$/.test(podId) ? podId : '',
    imageId: /^sha256:[0-9a-f]{64}$/.test(imageId) ? imageId : '',
    cgroup: /^(\/(?!\.\.?(\/|$))[^/]+)+$/.test(cgroup) ? cgroup : '',
  };
}

function parsed(recordText: string) {
  try {
    return record.parse(JSON.parse(recordText)).data;
  } catch {
    return undefined;
  }
}

/** A file cut short still has its beginning. */
function fromDamaged(recordText: string) {
  const valueOf = (key: string) => new RegExp(`"${key}":"([^"\\\\]*)"`).exec(recordText)?.[1] ?? '';
  const { podId, imageId, cgroup } = {
    podId: valueOf('podId'),
    imageId: valueOf('imageId'),
    cgroup: valueOf('cgroup'),
  };
  return { ...config.parse({}), podId, imageId, cgroup };
}
