import type { OciHook, OciHooks } from '../spec/oci.ts';

export type HookStage = keyof OciHooks;

/** A hook as files have it: nothing and null are the same. */
export interface AddedHook {
  readonly hookName: HookStage;
  readonly path: string;
  readonly args?: readonly string[] | null | undefined;
  readonly env?: readonly string[] | null | undefined;
  /** Seconds. */
  readonly timeout?: number | null | undefined;
}

/** Hooks in the order they came, behind those that are there. */
export function withHooks(before: OciHooks | undefined, added: readonly AddedHook[]): OciHooks | undefined {
  if (added.length === 0) return before;
  const after: { -readonly [Stage in keyof OciHooks]: OciHooks[Stage] } = { ...before };
  for (const { hookName, path, args, env, timeout } of added) {
    const hook: OciHook = { path, args: args ?? undefined, env: env ?? undefined, timeout: timeout ?? undefined };
    after[hookName] = [...(after[hookName] ?? []), hook];
  }
  return after;
}
