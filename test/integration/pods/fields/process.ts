import { expect } from 'chai';
import fc from 'fast-check';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { Signal } from '../../../../api/cri/v1/api.ts';
import { sleeper } from '../../../fixtures/pods.ts';
import type { FieldGroup } from '../field-group.ts';

const word = fc.oneof(
  fc.constantFrom('', ' ', '-x', '$HOME', 'a b', "'", '"', '\\', '\n', 'ä€😀', '$(echo)'),
  fc.string({ unit: 'grapheme-ascii', maxLength: 12 }),
);
const key = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,10}$/);

const wishes = fc.record({
  args: fc.array(word, { maxLength: 4 }),
  byArgs: fc.boolean(),
  env: fc.dictionary(
    key.map((name) => `T_${name}`),
    word,
    { maxKeys: 5 },
  ),
  workingDir: fc.constantFrom('', '/', '/tmp', '/var/log', '/not/there', '/usr/../etc'),
  tty: fc.boolean(),
  stdin: fc.boolean(),
  stdinOnce: fc.boolean(),
  logPath: fc.constantFrom('a.log', 'deep/b.log', 'sp ace/c.log'),
  attempt: fc.nat(3),
  labels: fc.dictionary(key, word, { maxKeys: 3 }),
  annotations: fc.dictionary(key, word, { maxKeys: 3 }),
  stopSignal: fc.constantFrom(
    Signal.SIGNAL_RUNTIME_DEFAULT,
    Signal.SIGNAL_SIGTERM,
    Signal.SIGNAL_SIGINT,
    Signal.SIGNAL_SIGUSR1,
  ),
});
type Wish = typeof wishes extends fc.Arbitrary<infer T> ? T : never;

const list = (file: string) => readFileSync(file, 'utf8').split('\0').slice(0, -1);

/** Command, environment, directory, streams, log, labels. */
export const processFields: FieldGroup<Wish> = {
  wishes: () => wishes,
  put: (draft, { args, byArgs, ...wish }) => {
    const words = [...sleeper, ...args];
    const { labels, annotations } = draft.container;
    return {
      ...draft,
      container: {
        ...draft.container,
        ...wish,
        labels: { ...labels, ...wish.labels },
        annotations: { ...annotations, ...wish.annotations },
        ...(byArgs ? { command: [], args: words } : { command: words.slice(0, 2), args: words.slice(2) }),
      },
    };
  },
  check: ({ pid, draft, spec, status, container }, wish) => {
    expect(list(`/proc/${pid}/cmdline`)).to.deep.equal([...sleeper, ...wish.args]);
    expect(list(`/proc/${pid}/environ`)).to.include.members([
      ...Object.entries(wish.env).map(([name, value]) => `${name}=${value}`),
      ...(wish.tty ? ['TERM=xterm'] : []),
    ]);
    const directory = wish.workingDir === '/usr/../etc' ? '/etc' : wish.workingDir || '/';
    expect(readlinkSync(`/proc/${pid}/cwd`)).to.equal(directory);
    const [stdin, stdout] = [0, 1].map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    if (wish.tty) expect([stdin, stdout]).to.deep.equal(['/dev/pts/0', '/dev/pts/0']);
    else expect(stdin).to.match(wish.stdin ? /^pipe:/ : /^\/dev\/null$/);
    expect(spec.process).to.deep.include({ terminal: wish.tty, args: [...sleeper, ...wish.args] });
    expect(existsSync(container.logPath)).to.equal(true);
    expect(status).to.deep.include({
      logPath: container.logPath,
      labels: draft.container.labels,
      annotations: draft.container.annotations,
      metadata: { name: draft.container.name, attempt: wish.attempt },
      stopSignal: wish.stopSignal === Signal.SIGNAL_RUNTIME_DEFAULT ? Signal.SIGNAL_SIGTERM : wish.stopSignal,
    });
  },
};
