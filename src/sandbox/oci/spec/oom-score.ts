/**
 * The oom_score_adj a container can have. Without CAP_SYS_RESOURCE nobody may go below the value the process
 * was last given by someone who has it (kernel: oom_score_adj_min), which is at most our own; the runtime
 * would fail with EACCES. When the answer is not `wanted`, log it once and note it in the verbose status.
 */
export function effectiveOomScoreAdj(wanted: number, own: number, maySetLower: boolean): number {
  return maySetLower ? wanted : Math.max(wanted, own);
}
