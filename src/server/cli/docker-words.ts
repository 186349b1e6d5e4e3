/** Words of Docker's command line that are no commands here, and what does it; docs/from-docker.md has all of them. */
const elsewhere: Readonly<Record<string, string>> = {
  ...same('an ended container is not started again; cricket run makes a new one, cricket commit keeps its files', [
    'start',
    'restart',
  ]),
  create: 'cricket run makes and starts one',
  rename: 'a name stays; cricket run --name gives another',
  stats: 'cricket top',
  port: 'cricket ps has a column of ports',
  ...same('cricket ps, rm, prune containers and the others, without the word', ['container', 'system']),
  export: 'cricket commit, then cricket images export',
  pull: 'cricket images pull',
  rmi: 'cricket images rm',
  tag: 'cricket images tag',
  history: 'cricket images history',
  save: 'cricket images export',
  ...same('cricket images import', ['load', 'import']),
  ...same('cricket images login, logout', ['login', 'logout']),
  image: 'cricket images',
  volume: 'cricket volumes',
  push: 'cricket images export, then skopeo copy oci-archive:FILE docker://NAME',
  ...same('BuildKit or buildah, then cricket images import', ['build', 'buildx', 'builder']),
  ...same('skopeo', ['search', 'manifest']),
  checkpoint: 'not yet; cricket commit keeps the files',
  plugin: 'runtimes, CNI plugins and CDI devices are files on the host',
  context: 'each command takes --config and --socket',
  network: 'networks are files in /etc/cni/net.d (docs/cni.md); cricket run --network chooses',
  compose: 'containers that belong together are a pod: a file in the kubelet’s staticPodPath',
  ...same('a cluster’s: kubectl, kubeadm', ['swarm', 'service', 'stack', 'secret', 'node']),
};

function same(here: string, words: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(words.map((word) => [word, here]));
}

/** What commander says of a mistake, with what does it here where Docker's word was used. */
export function withDockersWord(text: string): string {
  const [, word = ''] = /^error: unknown command '([^']+)'/.exec(text) ?? [];
  const here = Object.hasOwn(elsewhere, word) ? elsewhere[word] : undefined;
  return here === undefined ? text : `${text}here: ${here} (docs/from-docker.md)\n`;
}
