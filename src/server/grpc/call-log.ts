import { redactedRequest } from '../../../api/cri/v1/redacted.ts';
import type { CricketError, ErrorCode } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { shorten } from './shorten.ts';

/** Calls that change nothing, and the probes of the kubelet: told at debug, or they would drown the rest. */
const quiet = /^(List|Stream|Get|Version$|Status$|RuntimeConfig$|ExecSync$)|(Status|Stats|Info)$/;

export const isQuiet = (rpc: string): boolean => quiet.test(rpc);

/** Failures that are ours to look into, whoever called. */
const ours: ReadonlySet<ErrorCode> = new Set(['internal', 'unknown', 'resource_exhausted']);

export interface FinishedCall {
  readonly path: string;
  readonly rpc: string;
  readonly request: unknown;
  readonly milliseconds: number;
  readonly error: CricketError | undefined;
}

/** The one line a call leaves in the log. */
export function logCall(log: Logger, call: FinishedCall): void {
  const level = levelFor(call);
  if (!log.isLevelEnabled(level)) return;
  const fields = {
    ms: Math.round(call.milliseconds * 100) / 100,
    ...subject(call.request),
    request: shorten(redactedRequest(call.path, call.request)),
  };
  if (call.error === undefined) log[level](fields, 'call answered');
  else
    log[level](
      { ...fields, code: call.error.code, error: call.error.message, stack: stackOf(call.error) },
      'call failed',
    );
}

function levelFor(call: FinishedCall): 'debug' | 'info' | 'warn' | 'error' {
  if (call.error !== undefined && ours.has(call.error.code)) return 'error';
  if (isQuiet(call.rpc)) return 'debug';
  return call.error === undefined ? 'info' : 'warn';
}

/** Only what was not foreseen needs to be found in the code. */
function stackOf(error: CricketError): string | undefined {
  if (error.code !== 'internal') return undefined;
  return error.cause instanceof Error ? error.cause.stack : error.stack;
}

/** The ids of a request, under the keys that every other line of the log uses. */
function subject(request: unknown): { readonly pod?: string; readonly container?: string } {
  if (typeof request !== 'object' || request === null) return {};
  const { podSandboxId, containerId } = request as { readonly podSandboxId?: unknown; readonly containerId?: unknown };
  return {
    ...(typeof podSandboxId === 'string' && podSandboxId !== '' ? { pod: podSandboxId } : {}),
    ...(typeof containerId === 'string' && containerId !== '' ? { container: containerId } : {}),
  };
}
