import { z } from 'zod';
import { absolutePath, optionalPath } from '../values.ts';

const runtime = z
  .strictObject({
    path: absolutePath().describe('The OCI runtime to run.'),
    type: z.enum(['oci']).default('oci').describe('How it is driven: "oci" is the command line of crun and runc.'),
    options: z
      .array(z.string().regex(/^(?!--root(=|$))[^\0]+$/, 'must be an argument of the runtime other than --root'))
      .default([])
      .describe('Arguments that go in front of each of its commands, such as "--systemd-cgroup" or "--debug".'),
    allowedAnnotations: z
      .array(z.string().regex(/^[^*\s]+\*?$/, 'must be the name of an annotation, or its beginning and *'))
      .default([])
      .describe(
        'Annotations of pods and containers that it is told, by name or as a beginning with "*": "io.katacontainers.*". Some are orders that undo the confinement of a container, as some of crun\'s run.oci.* are: allow only what anybody may order.',
      ),
    root: optionalPath().default('').describe('Its own state directory. Empty: runtimes/NAME in the state directory.'),
  })
  .describe('An OCI runtime by the name that a RuntimeClass handler uses.');

export const runtimesSection = z
  .record(
    z
      .string()
      .regex(/^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/, 'runtime names are lower-case letters, digits, "-" and "."'),
    runtime,
  )
  .describe('OCI runtimes. A table named here is added to crun and runc, or changes one of them.');

/** What is there without a word of configuration. */
export const builtInRuntimes = { crun: { path: '/usr/bin/crun' }, runc: { path: '/usr/sbin/runc' } };

export const defaultRuntime = z.string().default('crun').describe('Name of the runtime for pods that name no handler.');
