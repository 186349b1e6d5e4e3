import { randomInt } from 'node:crypto';

const manners = ['brisk', 'calm', 'clear', 'fond', 'glad', 'keen', 'mild', 'neat', 'proud', 'quick', 'sharp', 'warm'];
const insects = ['ant', 'bee', 'beetle', 'cicada', 'firefly', 'ladybird', 'locust', 'mantis', 'moth', 'wasp', 'weevil'];

/** A name for a container that was given none: one that `taken` does not have. */
export function inventName(taken: (name: string) => boolean): string {
  for (let round = 0; ; round++) {
    const name = `${manners[randomInt(manners.length)] ?? ''}-${insects[randomInt(insects.length)] ?? ''}`;
    const full = round < 20 ? name : `${name}-${randomInt(1_000_000)}`;
    if (!taken(full)) return full;
  }
}
