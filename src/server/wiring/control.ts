import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { eventsVerb } from '../control/events.ts';
import { diskUsageVerb } from '../control/images/disk-usage.ts';
import { examineImagesVerb } from '../control/images/examine.ts';
import { exportImagesVerb } from '../control/images/export.ts';
import { imageHistoryVerb } from '../control/images/history.ts';
import { pruneImagesVerb } from '../control/images/prune.ts';
import { tagImageVerb } from '../control/images/tag.ts';
import { importImageVerb } from '../control/import-image.ts';
import { pullProgressVerb } from '../control/pull-progress.ts';
import type { HandlerParts } from '../handlers.ts';
import type { Verb } from '../control/verb.ts';
import { containerVerbs } from './containers.ts';
import { observeVerbs } from './observe.ts';

/** What the control socket answers: one verb one file. */
export function controlVerbs(parts: HandlerParts, config: Config): readonly Verb[] {
  return [
    ...observeVerbs(parts, config),
    ...containerVerbs(parts),
    eventsVerb(parts.events),
    pullProgressVerb(parts.images),
    tagImageVerb(parts.images),
    imageHistoryVerb(parts.images),
    diskUsageVerb(parts),
    pruneImagesVerb(parts.images),
    examineImagesVerb(parts.images),
    exportImagesVerb(parts.images),
    importImageVerb({
      uploads: join(config.root, 'ingest'),
      importImage: async (file, options, signal) => {
        const images = await parts.images.import(file, options, signal);
        return images.flatMap((image) => (image.repoTags.length > 0 ? image.repoTags : [image.id]));
      },
    }),
  ];
}
