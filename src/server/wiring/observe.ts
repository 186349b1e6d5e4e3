import type { Config } from '../config/schema.ts';
import { infoVerb } from '../control/info.ts';
import { inspectVerb } from '../control/inspect.ts';
import { processesVerb } from '../control/processes.ts';
import { topVerb } from '../control/top.ts';
import type { Verb } from '../control/verb.ts';
import type { HandlerParts } from '../handlers.ts';

/** What people look at: the verbs of `cricket top`, `ps`, `inspect` and `info`. */
export function observeVerbs(parts: HandlerParts, config: Config): readonly Verb[] {
  return [topVerb(parts), processesVerb(parts), inspectVerb(parts), infoVerb(parts, config)];
}
