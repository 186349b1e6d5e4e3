import { Command } from 'commander';
import type { Argument, Option } from 'commander';
import { addSettingFlags } from '../../../src/server/cli/settings.ts';
import { explanation } from '../../../src/server/config/print.ts';
import { configTree } from '../../../src/server/config/tree.ts';
import type { Setting } from '../../../src/server/config/tree.ts';

/** Text of a manual page, in the macros of man(7). Nothing in it changes from build to build but the version. */
interface Page {
  readonly name: string;
  readonly section: number;
  readonly purpose: string;
  readonly version: string;
  readonly body: readonly string[];
}

/** cricket(8): every command and flag, from the commands themselves. */
export function commandPage(program: Command, version: string): string {
  const commands = leaves(program, []);
  return render({
    name: 'cricket',
    section: 8,
    purpose: 'container runtime service for Kubernetes',
    version,
    body: [
      '.SH SYNOPSIS',
      '.B cricket',
      `.I ${escape('COMMAND')}`,
      escape('[FLAG]... [ARGUMENT]...'),
      '.SH DESCRIPTION',
      escape(program.description()),
      'The service is',
      '.BR cricket.service ;',
      'its commands speak to it, or to the host.',
      '.SH COMMANDS',
      ...commands.flatMap(describeCommand),
      '.SH FLAGS OF SETTINGS',
      'Commands that are said to take them find the service and its settings by these.',
      ...settingFlags.flatMap(describeOption),
      ...['.SH EXIT STATUS', '.TP', '.B 0', 'done', '.TP', '.B 1', 'failed', '.TP', '.B 2', 'used wrongly'],
      ...['.SH ENVIRONMENT', '.TP', '.B NO_COLOR', 'switches colours off; output that is no terminal has none'],
      ...files,
      '.SH SEE ALSO',
      '.BR cricket.toml (5),',
      '.BR crun (1),',
      '.BR conmon (8),',
      '.BR nft (8),',
      escape('/usr/share/doc/cricket/docs'),
    ],
  });
}

/** cricket.toml(5): every setting, from the schema. */
export function configPage(version: string): string {
  return render({
    name: 'cricket.toml',
    section: 5,
    purpose: 'settings of the container runtime service cricket',
    version,
    body: [
      '.SH DESCRIPTION',
      escape(
        '/etc/cricket/cricket.toml, then /etc/cricket/conf.d/*.toml in the order of their names, then the flags of "cricket serve": the later counts. Every setting has a default, and no file is needed. The form is TOML.',
      ),
      '.PP',
      '.B systemctl reload cricket',
      escape('puts those into force that are said to be read again at SIGHUP. All others need'),
      '.BR "systemctl restart cricket" ,',
      'through which containers go on running.',
      ...sections(configTree(), []),
      ...files,
      '.SH SEE ALSO',
      '.BR cricket (8)',
    ],
  });
}

const files = [
  '.SH FILES',
  ...[
    ['/etc/cricket/cricket.toml', 'settings'],
    ['/etc/cricket/certs.d/HOST/hosts.toml', 'mirrors and certificates of a registry'],
    ['/etc/cricket/auth.json', 'credentials for registries'],
    ['/run/cricket/cricket.sock', 'the socket of CRI'],
    ['/var/lib/cricket', 'images, and records of pods and containers'],
  ].flatMap(([path = '', what = '']) => ['.TP', `.I ${escape(path)}`, what]),
];

interface Leaf {
  readonly words: readonly string[];
  readonly command: Command;
}

const settingFlags = addSettingFlags(new Command()).options;
const isSettingFlag = ({ flags }: Option) => settingFlags.some((one) => one.flags === flags);

/** Every command that does something by itself. */
function leaves(command: Command, words: readonly string[]): readonly Leaf[] {
  if (command.commands.length === 0) return [{ words, command }];
  return command.commands.flatMap((child) => leaves(child, [...words, child.name()]));
}

function describeCommand({ words, command }: Leaf): readonly string[] {
  const usage = ['cricket', ...words, ...command.registeredArguments.map(argumentUsage)].join(' ');
  const described = command.registeredArguments.filter(({ description }) => description !== '');
  return [
    `.SS "${escape(usage)}"`,
    escape(command.description()),
    ...described.flatMap((one) => ['.TP', `.I ${escape(one.name())}`, escape(one.description)]),
    ...(command.options.some(isSettingFlag) ? ['.PP', 'Takes the flags of settings.'] : []),
    ...command.options.filter((option) => !isSettingFlag(option)).flatMap(describeOption),
  ];
}

function argumentUsage(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function describeOption(option: Option): readonly string[] {
  const value: unknown = option.defaultValue;
  const told = typeof value === 'string' || typeof value === 'number' ? ` (default: ${value})` : '';
  return ['.TP', `.B ${escape(option.flags)}`, escape(`${option.description}${told}`)];
}

function sections(setting: Setting, path: readonly string[]): readonly string[] {
  if (setting.kind === 'value') return ['.TP', `.B ${escape(path.at(-1) ?? '')}`, escape(explanation(setting))];
  if (setting.kind === 'record')
    return setting.entry.kind === 'value'
      ? []
      : [...sections(setting.entry, [...path, 'NAME']), '.PP', escape(setting.description)];
  const fields = [...setting.fields].map(([name, field]) => ({ name, setting: field.setting }));
  const title = path.length === 0 ? 'SETTINGS OUTSIDE THE TABLES' : `[${path.join('.')}]`;
  const values = fields.filter(({ setting: { kind } }) => kind === 'value');
  const tables = fields.filter(({ setting: { kind } }) => kind !== 'value');
  return [
    `.SH "${escape(title)}"`,
    ...(setting.description === '' ? [] : [escape(setting.description)]),
    ...[...values, ...tables].flatMap(({ name, setting: inner }) => sections(inner, [...path, name])),
  ];
}

function render({ name, section, purpose, version, body }: Page): string {
  const title = `.TH ${name.toUpperCase()} ${section} "" "cricket ${escape(version)}" "cricket"`;
  return `${[title, '.nh', '.ad l', '.SH NAME', `${name} \\- ${escape(purpose)}`, ...body].join('\n')}\n`;
}

/** A backslash begins an escape, a dot or an apostrophe a request at the begin of a line, a bare hyphen may be broken. */
function escape(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replace(/^([.'])/gm, '\\&$1')
    .replace(
      /[^\u0000-\u007e]/g,
      (character) => `\\[u${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0') ?? ''}]`,
    );
}
