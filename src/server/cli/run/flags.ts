import type { FormatFlag } from '../format.ts';
import type { SettingFlags } from '../settings.ts';

export interface RunFlags extends SettingFlags, FormatFlag {
  readonly interactive: boolean;
  readonly tty: boolean;
  readonly detach: boolean;
  readonly rm: boolean;
  readonly env: readonly string[];
  readonly envFile: readonly string[];
  readonly volume: readonly string[];
  readonly publish: readonly string[];
  readonly label: readonly string[];
  readonly dns: readonly string[];
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly network: string;
  readonly readOnly: boolean;
  readonly privileged: boolean;
  readonly pull: 'always' | 'missing' | 'never';
  readonly name?: string;
  readonly workdir?: string;
  readonly user?: string;
  readonly hostname?: string;
  readonly entrypoint?: string;
  readonly stopSignal?: string;
  readonly memory?: string;
  readonly memorySwap?: string;
  readonly cpus?: string;
  readonly pidsLimit?: string;
  readonly cidfile?: string;
}

export interface ExecFlags extends SettingFlags {
  readonly interactive: boolean;
  readonly tty: boolean;
  readonly env: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
}
