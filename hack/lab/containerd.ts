import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Debian's containerd on a socket and a root of its own: the peer that benchmarks and fixtures are compared with. */
export interface Containerd {
  /** `unix:///…/containerd.sock` */
  readonly endpoint: string;
  readonly pid: number;
  readonly logFile: string;
  /** Removes its pods, ends it and waits until it is gone. `dir` stays, with the images in it. */
  stop(): Promise<void>;
}

export interface ContainerdOptions {
  readonly dir: string;
  /** A certs.d folder with hosts.toml files: see writeMirrors. Its pause image is registry.k8s.io/pause:3.9. */
  readonly certsDir: string;
  /** The CNI configuration list of its pods. */
  readonly cni: object;
  /** Loopback port of its own metrics; none unless given. */
  readonly metricsPort?: number;
  /** An OCI runtime binary in place of runc. */
  readonly runtime?: string;
}

const removeAttempts = 5;
const startTimeoutMs = 15_000;
const stopTimeoutMs = 10_000;
/** Fixed in containerd 1.6: sockets of shims and runc's state. */
const fixedFolders = ['/run/containerd/s', '/run/containerd/runc', '/run/containerd'];

/** Starts it and waits for its socket. It dies with this process; its shims do not, so call `stop`. */
export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const at = (name: string): string => join(options.dir, name);
  const absent = fixedFolders.filter((path) => !existsSync(path));
  mkdirSync(at('cni'), { recursive: true });
  writeFileSync(at('cni/10-test.conflist'), JSON.stringify(options.cni));
  writeFileSync(at('config.toml'), configOf(options));
  rmSync(at('containerd.sock'), { force: true });

  const log = openSync(at('containerd.log'), 'a');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'containerd', '--config', at('config.toml')], {
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
    child.once('error', () => {
      resolve();
    });
  });
  const end = async (): Promise<void> => {
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    child.kill('SIGTERM');
    await gone;
    clearTimeout(timer);
    for (const path of absent) rmSync(path, { recursive: true, force: true });
  };
  const endpoint = `unix://${at('containerd.sock')}`;
  if (!(await ready(endpoint))) {
    await end();
    const tail = readFileSync(at('containerd.log'), 'utf8').split('\n').slice(-15).join('\n');
    throw new Error(`containerd does not answer: ${at('containerd.log')} ends with\n${tail}`);
  }
  return {
    endpoint,
    pid: child.pid ?? 0,
    logFile: at('containerd.log'),
    stop: async () => {
      await removePods(endpoint);
      await end();
    },
  };
}

/** Again where it fails: containerd 1.6 answers "ttrpc: closed" for a container that ends just then by itself. */
async function removePods(endpoint: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      crictl(endpoint, 'rmp', '-f', '-a');
      return;
    } catch (error) {
      if (attempt === removeAttempts) throw error;
      await sleep(1000);
    }
  }
}

async function ready(endpoint: string): Promise<boolean> {
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    try {
      if (existsSync(endpoint.replace('unix://', ''))) return crictl(endpoint, 'version') !== '';
    } catch {
      // The socket is there a moment before the service behind it.
    }
    if (Date.now() > deadline) return false;
    await sleep(50);
  }
}

/** Runs crictl (built where missing) against a CRI socket and returns what it printed. Throws with its stderr. */
export function crictl(endpoint: string, ...args: readonly string[]): string {
  const binary = execFileSync(join(import.meta.dirname, 'go-tools'), ['crictl'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
  // An empty config: what the user's /etc/crictl.yaml says is not meant here.
  const all = ['--config', '/dev/null', '--runtime-endpoint', endpoint, '--image-endpoint', endpoint, ...args];
  return execFileSync(binary, all, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
}

function configOf(options: ContainerdOptions): string {
  const quote = (name: string): string => JSON.stringify(join(options.dir, name));
  const unused = ['aufs', 'btrfs', 'devmapper', 'zfs'].map((name) => `"io.containerd.snapshotter.v1.${name}"`);
  return `version = 2
root = ${quote('root')}
state = ${quote('state')}
disabled_plugins = [${unused.join(', ')}]
[grpc]
  address = ${quote('containerd.sock')}
${options.metricsPort === undefined ? '' : `[metrics]\n  address = "127.0.0.1:${options.metricsPort}"\n`}[plugins."io.containerd.internal.v1.opt"]
  path = ${quote('opt')}
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.k8s.io/pause:3.9"
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = ${quote('cni')}
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = ${JSON.stringify(options.certsDir)}
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
    BinaryName = ${JSON.stringify(options.runtime ?? 'runc')}
`;
}
