import { join } from 'node:path';
import { getArchiveVerb, putArchiveVerb } from '../control/containers/archive.ts';
import { attachVerb } from '../control/containers/attach.ts';
import { commitVerb } from '../control/containers/commit.ts';
import { diffVerb } from '../control/containers/diff.ts';
import { execVerb } from '../control/containers/exec.ts';
import { killVerb } from '../control/containers/kill.ts';
import { listContainersVerb } from '../control/containers/list.ts';
import { logFileVerb } from '../control/containers/log-file.ts';
import { pauseVerb, unpauseVerb } from '../control/containers/pause.ts';
import { removeVerb } from '../control/containers/remove.ts';
import { runVerb } from '../control/containers/run.ts';
import { stopVerb } from '../control/containers/stop.ts';
import { updateVerb } from '../control/containers/update.ts';
import { waitVerb } from '../control/containers/wait.ts';
import { pruneVerb } from '../control/prune.ts';
import type { Verb } from '../control/verb.ts';
import { listVolumesVerb, removeVolumeVerb } from '../control/volumes.ts';
import type { HandlerParts } from '../handlers.ts';

/** What people who come from Docker do with a container, and CRI has no RPC for. */
export function containerVerbs(parts: HandlerParts): readonly Verb[] {
  const archive = { ...parts, uploads: join(parts.root, 'ingest') };
  return [
    runVerb(parts),
    attachVerb(parts),
    execVerb(parts),
    commitVerb(parts),
    listContainersVerb(parts),
    stopVerb(parts),
    pruneVerb(parts),
    removeVerb(parts),
    killVerb(parts),
    waitVerb(parts),
    logFileVerb(parts),
    updateVerb(parts),
    pauseVerb(parts),
    unpauseVerb(parts),
    diffVerb(parts),
    getArchiveVerb(archive),
    putArchiveVerb(archive),
    listVolumesVerb(parts),
    removeVolumeVerb(parts),
  ];
}
