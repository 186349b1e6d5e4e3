import { randomInt } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Cricket } from '../../fixtures/daemon.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import { clearPluginRules } from '../../fixtures/plugin-rules.ts';
import { eventually } from '../../fixtures/pods.ts';
import { links, nftTables, processes } from '../../leftovers/kernel.ts';

/** A call of the test's own plugin. */
export interface Call {
  readonly command: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly request: Readonly<Record<string, unknown>>;
}

/**
 * Configurations, plugins and what plugins keep, in a folder of the test's own; bridge and range too. The plugin
 * `trouble` writes down its calls and does what `on` says.
 */
export class CniLab {
  readonly dir = mkdtempSync(join(tmpdir(), 'cricket-cni-'));
  readonly confDir = join(this.dir, 'net.d');
  readonly binDir = join(this.dir, 'bin');
  readonly number = randomInt(1, 250);
  readonly bridge = `crkcni${this.number}`;
  readonly name = `cricket-test-${this.number}`;
  readonly subnet = `10.227.${this.number}.0/24`;
  readonly subnet6 = `fd27:${this.number.toString(16)}::/64`;
  readonly #tablesBefore = nftTables();
  #cricket: Cricket | undefined;

  constructor() {
    for (const folder of [this.confDir, join(this.dir, 'calls'), join(this.dir, 'taken')]) mkdirSync(folder);
    cpSync(join(import.meta.dirname, 'plugins'), this.binDir, { recursive: true });
  }

  get cricket(): Cricket {
    if (this.#cricket === undefined) throw new Error('the lab has no daemon');
    return this.#cricket;
  }

  /** A daemon on the lab's configurations. */
  async start(mode: 'auto' | 'cni' | 'built-in' = 'cni', more = ''): Promise<Cricket> {
    this.#cricket = await startCricket({ network: this.network(mode, more), demo: false });
    return this.#cricket;
  }

  /** Starts a daemon whose directories the test has prepared. */
  async serve(cricket: Cricket): Promise<void> {
    this.#cricket = cricket;
    await cricket.start();
  }

  /** The settings of a daemon on the lab's configurations. */
  network(mode: 'auto' | 'cni' | 'built-in', more = ''): () => string {
    return () => `network.mode = "${mode}"
network.cni_conf_dir = "${this.confDir}"
network.cni_bin_dirs = ["${this.binDir}", "/usr/lib/cni"]
${more}`;
  }

  /** Address management in the lab, for plugins that delegate it. */
  ipam(...subnets: readonly string[]): object {
    const ranges = (subnets.length === 0 ? [this.subnet] : subnets).map((subnet) => [{ subnet }]);
    return { type: 'host-local', dataDir: join(this.dir, 'taken'), ranges, routes: [{ dst: '0.0.0.0/0' }] };
  }

  bridgePlugin(more: object = {}): object {
    const { bridge } = this;
    return { type: 'bridge', bridge, isGateway: true, hairpinMode: true, ipMasq: false, ipam: this.ipam(), ...more };
  }

  /** The same by the plugin that writes down its calls. */
  trouble(more: object = {}): object {
    return { ...this.bridgePlugin(more), type: 'trouble' };
  }

  /** Written beside and moved in place, as installers do. */
  write(file: string, content: object | string): void {
    const path = join(this.confDir, file);
    writeFileSync(`${path}.tmp`, typeof content === 'string' ? content : JSON.stringify(content));
    renameSync(`${path}.tmp`, path);
  }

  #marks = 0;
  /** Writes a list and waits until it is in force. */
  async use(content: { readonly plugins: readonly object[] }, file = '10-test.conflist'): Promise<void> {
    const mark = ++this.#marks;
    this.write(file, { ...content, plugins: content.plugins.map((plugin) => ({ mark, ...plugin })) });
    await eventually(async () => {
      const { info } = await this.cricket.client.runtime.status({ verbose: true });
      expect(info['network']).to.contain(`"mark":${mark}`);
    });
  }

  chain(plugins: readonly object[], more: object = {}) {
    return { cniVersion: '1.0.0', name: this.name, plugins, ...more };
  }

  /** What `trouble` does on a command from now on, in shell; undefined: what the bridge plugin does. */
  on(command: string, script: string | undefined): void {
    const path = join(this.dir, `on-${command}`);
    if (script === undefined) rmSync(path, { force: true });
    else writeFileSync(path, script);
  }

  calls(command: string): Call[] {
    const names = readdirSync(join(this.dir, 'calls')).filter((name) => name.startsWith(`${command}.`));
    return names.map((name) => {
      const [head = '', body = ''] = readFileSync(join(this.dir, 'calls', name), 'utf8').split('\n\n');
      const variables: Record<string, string> = {};
      for (const line of head.split('\n')) variables[line.split('=')[0] ?? ''] = line.slice(line.indexOf('=') + 1);
      return { command, variables, request: JSON.parse(body) as Call['request'] };
    });
  }

  forgetCalls(): void {
    for (const name of readdirSync(join(this.dir, 'calls'))) rmSync(join(this.dir, 'calls', name));
  }

  /** Addresses that host-local has given and not got back. */
  taken(network = this.name): string[] {
    const folder = join(this.dir, 'taken', network);
    return existsSync(folder) ? readdirSync(folder).filter((name) => /^[0-9a-f.:]+$/.test(name)) : [];
  }

  file(name: string, content: object): void {
    writeFileSync(join(this.dir, name), JSON.stringify(content));
  }

  has(file: string): boolean {
    return existsSync(join(this.dir, file));
  }

  /** Resolves when a plugin has written that file, and takes it away. */
  async reached(file: string): Promise<void> {
    await eventually(() => expect(this.has(file), file).to.equal(true));
    rmSync(join(this.dir, file));
  }

  /** Plugins that run. */
  running(): string[] {
    return processes().flatMap(({ pid, command }) => (command.includes(this.binDir) ? [`${pid} ${command}`] : []));
  }

  ports(): string[] {
    const output = execFileSync('ip', ['-o', 'link', 'show', 'master', this.bridge], { encoding: 'utf8' });
    return output.split('\n').filter((line) => line !== '');
  }

  /** Nothing is left of any pod: addresses, links, plugins, records. */
  async expectNothingLeft(): Promise<void> {
    await eventually(() => {
      expect(this.taken(), 'addresses').to.deep.equal([]);
      expect(this.running(), 'plugins').to.deep.equal([]);
      if (links().includes(this.bridge)) expect(this.ports(), 'links').to.deep.equal([]);
    }, 5000);
    expect(await this.cricket.left()).to.deep.equal([]);
  }

  async ready(): Promise<{ readonly status: boolean; readonly reason: string; readonly message: string }> {
    const { status } = await this.cricket.client.runtime.status();
    const {
      status: ready = false,
      reason = '',
      message = '',
    } = status?.conditions.find(({ type }) => type === 'NetworkReady') ?? {};
    return { status: ready, reason, message };
  }

  async stop(): Promise<void> {
    for (const command of ['ADD', 'DEL', 'CHECK', 'STATUS', 'GC']) this.on(command, undefined);
    try {
      await this.#cricket?.stop();
    } finally {
      if (links().includes(this.bridge)) execFileSync('ip', ['link', 'delete', this.bridge]);
      clearPluginRules(this.#tablesBefore);
      rmSync(this.dir, { recursive: true, force: true });
    }
  }
}
