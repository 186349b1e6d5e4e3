import { monotonicMs } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Image, Images } from '../../image/service.ts';
import type { EventAttributes, NewEvent } from './event.ts';
import type { EventSink } from './event-log.ts';

/** The images of the node with an event for each pull, import and removal, those too that failed. */
export function tellingImages(images: Images, events: EventSink): Images {
  const tell = (action: NewEvent['action'], image: string, attributes: EventAttributes) =>
    events.publish({ type: 'image', action, image, attributes });
  /** What was attempted, and how it ended; the error is the caller's. */
  const telling = async <T>(action: NewEvent['action'], name: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      tell(action, name, { error: messageOf(error).slice(0, 1024) });
      throw error;
    }
  };
  return {
    ...images,
    pull: (reference, options, signal) =>
      telling('pull', reference, async () => {
        const from = monotonicMs();
        const image = await images.pull(reference, options, signal);
        tell('pull', reference, { ...factsOf(image), seconds: Math.round(monotonicMs() - from) / 1000 });
        return image;
      }),
    import: (file, options, signal) =>
      telling('import', options.name ?? '', async () => {
        const all = await images.import(file, options, signal);
        for (const image of all) tell('import', nameOf(image), factsOf(image));
        return all;
      }),
    commit: (order, read, signal) =>
      telling('commit', order.name, async () => {
        const image = await images.commit(order, read, signal);
        tell('commit', nameOf(image), factsOf(image));
        return image;
      }),
    async remove(text, signal) {
      const found = images.find(text);
      await images.remove(text, signal);
      if (found !== undefined) tell('remove', nameOf(found), factsOf(found));
    },
  };
}

const nameOf = (image: Image): string => image.repoTags[0] ?? image.repoDigests[0] ?? image.id;
const factsOf = (image: Image): EventAttributes => ({ id: image.id, bytes: Number(image.size) });
