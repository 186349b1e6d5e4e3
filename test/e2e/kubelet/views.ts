import { globSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import type { Kubelet, KubeletPod } from '../../fixtures/kubelet/kubelet.ts';

type ContainerView = NonNullable<KubeletPod['status']['containerStatuses']>[number];

/** A static pod as the kubelet tells it, with its one container. Errors: not there, or not yet with a status. */
export async function viewOf(
  kubelet: Kubelet,
  name: string,
): Promise<{ readonly pod: KubeletPod; readonly main: ContainerView }> {
  const pod = (await kubelet.pods()).find(({ metadata }) => metadata.name === `${name}-${kubelet.nodeName}`);
  const main = pod?.status.containerStatuses?.[0];
  if (pod === undefined || main === undefined) throw new Error(`the kubelet tells nothing of ${name} yet`);
  return { pod, main };
}

export function isReady({ status }: KubeletPod): boolean {
  return status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
}

/** Of its container `main`, as `kubectl logs` reads it. */
export async function logOf(kubelet: Kubelet, name: string, query = ''): Promise<string> {
  return ask(kubelet, `/containerLogs/default/${name}-${kubelet.nodeName}/main${query}`);
}

/** Lines that a pod's first container wrote, in however many files: the kubelet renames full ones, and packs all but the last. */
export function rotatedLog(
  kubelet: Kubelet,
  name: string,
): { readonly files: number; readonly lines: readonly string[] } {
  const current = globSync(`${kubelet.podLogsDir}/default_${name}-*/main/0.log`);
  const full = globSync(`${kubelet.podLogsDir}/default_${name}-*/main/0.log.*`).sort();
  const lines = [...full, ...current].flatMap((file) => {
    const content = readFileSync(file);
    return (file.endsWith('.gz') ? gunzipSync(content) : content).toString().split('\n').slice(0, -1);
  });
  return { files: full.length + current.length, lines: lines.map((line) => line.split(' ').slice(3).join(' ')) };
}

/** What a GET of the kubelet's own port answers; its certificate is of its own making. */
async function ask(kubelet: Kubelet, path: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const asked = request(`${kubelet.apiUrl}${path}`, { rejectUnauthorized: false, agent: false }, (answer) => {
    void text(answer).then((body) => {
      if (answer.statusCode === 200) resolve(body);
      else reject(new Error(`${path}: ${String(answer.statusCode)} ${body}`));
    }, reject);
  });
  asked.once('error', reject).end();
  return promise;
}

interface Usage {
  readonly usageCoreNanoSeconds?: number;
  readonly workingSetBytes?: number;
  readonly usedBytes?: number;
  readonly capacityBytes?: number;
}

/** `pods` of /stats/summary, as far as the tests look. */
export interface Summary {
  readonly pods: readonly {
    readonly podRef: { readonly name: string };
    readonly cpu?: Usage;
    readonly memory?: Usage;
    readonly containers?: readonly { readonly cpu?: Usage; readonly memory?: Usage; readonly rootfs?: Usage }[];
  }[];
}

export async function summary(kubelet: Kubelet): Promise<Summary> {
  return (await (await fetch(`${kubelet.readOnlyUrl}/stats/summary`)).json()) as Summary;
}
