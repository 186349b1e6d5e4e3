import { z } from 'zod';
import { fail } from '../../../base/errors.ts';
import { resolveUser } from '../../../image/user.ts';
import { openExecSession } from '../../../sandbox/container/exec-session.ts';
import type { ExecSessionParts } from '../../../sandbox/container/exec-session.ts';
import { containerTitle } from '../../../sandbox/container/record.ts';
import { tellingSession } from '../../../sandbox/events/exec-event.ts';
import type { Parts } from '../../../sandbox/parts.ts';
import type { ServedEnd } from '../../streaming/process/serve.ts';
import type { EndFrame } from '../session/answers.ts';
import { readOrder, sit } from '../session/serve.ts';
import type { Verb } from '../verb.ts';
import { namedContainer } from './named.ts';

export const execPath = '/v1/containers/exec';
const execOrder = z.object({
  object: z.string(),
  command: z.array(z.string()).min(1),
  tty: z.boolean(),
  stdin: z.boolean(),
  /** NAME=value, beside those of the container. */
  env: z.array(z.string()),
  /** '' for those of the container. */
  workdir: z.string(),
  user: z.string(),
  size: z.object({ columns: z.number().int(), rows: z.number().int() }).nullable(),
});
export type ExecWish = z.input<typeof execOrder>;

/** POST /v1/containers/exec, an order as the first frame: a program in a running container, and its streams. */
export function execVerb(parts: ExecSessionParts & Pick<Parts, 'events' | 'images'>): Verb {
  return {
    method: 'POST',
    path: execPath,
    async run(request, signal) {
      const { order: given, frames } = await readOrder(request);
      const { object, command, tty, stdin, env, workdir, user, size } = execOrder.parse(given);
      const container = namedContainer(parts, new URLSearchParams({ object }));
      const { id, config } = container.record;
      if (container.state.kind !== 'running')
        throw fail(
          'failed_precondition',
          `exec in ${containerTitle(container.record)}: it is ${container.state.kind}, not running`,
        );
      const process = {
        env,
        ...(workdir === '' ? {} : { cwd: workdir }),
        ...(user === '' ? {} : { user: await userOf(parts.paths.container(id).rootfs, user) }),
      };
      const wish = { containerId: id, command, tty, stdin, stdout: true, stderr: !tty, process };
      const open = async (ending: AbortSignal) => {
        const session = await tellingSession(parts, wish, async () => openExecSession(parts, wish, ending));
        if (size !== null) session.resize(size.columns, size.rows);
        return session;
      };
      const begun = { id, name: config.name, tty };
      return sit({ kind: 'exec', begun, stdin, open, end: async (served) => endOfExec(served) }, frames, signal);
    },
  };
}

/** Looked up in the container's own passwd and group files. */
async function userOf(rootfs: string, text: string) {
  const { uid, gid, groups } = await resolveUser(rootfs, text);
  return { uid, gid, additionalGids: groups };
}

function endOfExec(served: ServedEnd): EndFrame {
  if (served.how === 'exited') return { how: 'exited', code: served.code };
  if (served.how === 'detached') return { how: 'detached' };
  return { how: 'failed', message: 'reason' in served ? served.reason : 'the client went away' };
}
