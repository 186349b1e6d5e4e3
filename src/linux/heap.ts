import { libc } from './libc.ts';

const cMallocTrim = libc.func('int malloc_trim(size_t keep)');

/**
 * Gives memory that the C library holds back to the kernel. What zlib, sockets and ended Workers leave behind
 * stays with the process otherwise, for ever. Takes some milliseconds: call it when idle.
 */
export function trimHeap(): void {
  cMallocTrim(0);
}
