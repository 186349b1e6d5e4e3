import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Probe } from './table.ts';

/**
 * Compiles a static program that makes every call in a child of its own, whose exit status is the errno, and
 * prints one number a line. A child that a call forks in turn ends with 0 as well.
 */
export function compileProber(directory: string, probes: readonly Probe[]): string {
  const source = join(directory, 'prober.c');
  const program = join(directory, 'prober');
  writeFileSync(source, programText(probes));
  execFileSync('gcc', ['-static', '-O1', '-o', program, source]);
  return program;
}

function programText(probes: readonly Probe[]): string {
  const calls = probes.map(
    ({ name, args }) => `  { SYS_${name}, { ${(args.length > 0 ? args : [0]).map((n) => `${n}L`).join(', ')} } },`,
  );
  return `
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct { long number; long args[6]; } calls[] = {
${calls.join('\n')}
};

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
        const long *a = calls[i].args;
        int status = 0;
        pid_t child = fork();
        if (child == 0)
            _exit(syscall(calls[i].number, a[0], a[1], a[2], a[3], a[4], a[5]) < 0 ? errno : 0);
        waitpid(child, &status, 0);
        printf("%d\\n", WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status));
    }
    return 0;
}
`;
}
