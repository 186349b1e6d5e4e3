import { stringify } from 'smol-toml';
import { parseConfig } from './parse.ts';
import type { Config } from './schema.ts';
import { configTree } from './tree.ts';
import type { Setting, TableSetting, ValueSetting } from './tree.ts';

const width = 100;

/** The configuration as commented TOML; reading it again gives the same configuration. */
export function printConfig(config: Config): string {
  return `${table(configTree(), config, []).join('\n')}\n`;
}

const defaultHead = `# Settings of cricket.service. Each is at its default: take the "#" away in front of the one to change.
# conf.d/*.toml beside this file goes before it. "cricket config" prints what is in force.
`;

/** What is in force without a file, every value behind a "#": a file to begin with, which itself changes nothing. */
export function printDefaults(): string {
  const lines = printConfig(parseConfig([])).split('\n');
  return `${defaultHead}\n${lines.map((line) => (/^[a-z_0-9]+ = /.test(line) ? `#${line}` : line)).join('\n')}`;
}

/** Values come before tables: TOML would count a later value into the table above it. */
function table(setting: TableSetting, values: object, path: readonly string[]): string[] {
  const fields = [...setting.fields].map(([name, field]) => ({
    name,
    setting: field.setting,
    value: (values as Readonly<Record<string, unknown>>)[field.key],
  }));
  const lines: string[] = [];
  for (const field of fields)
    if (field.setting.kind === 'value') lines.push(...value(field.name, field.setting, field.value));
  for (const field of fields)
    if (field.setting.kind !== 'value') lines.push(...section(field.setting, field.value, [...path, field.name]));
  return lines;
}

function section(setting: Setting, content: unknown, path: readonly string[]): string[] {
  if (typeof content !== 'object' || content === null || setting.kind === 'value') return [];
  if (setting.kind === 'table')
    return ['', ...comment(setting.description), `[${header(path)}]`, ...table(setting, content, path)];
  const entries = Object.entries(content).flatMap(([name, entry]) => section(setting.entry, entry, [...path, name]));
  return ['', ...comment(setting.description), ...entries];
}

function value(name: string, setting: ValueSetting, current: unknown): string[] {
  const line = setting.type === 'tables' ? `${name} = ${inline(current)}` : stringify({ [name]: current }).trim();
  return [...comment(explanation(setting)), line];
}

/** Tables on one line: their names would otherwise be read as those of tables of the whole file. */
function inline(content: unknown): string {
  if (Array.isArray(content)) return `[${content.map(inline).join(', ')}]`;
  if (typeof content !== 'object' || content === null) return JSON.stringify(content);
  const pairs = Object.entries(content).map(([key, value]) => `${JSON.stringify(key)} = ${inline(value)}`);
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
}

/** Description, choices, default of a setting, and whether it is read again, in one text. */
export function explanation(setting: ValueSetting): string {
  const choices = setting.choices.length > 0 ? ` One of: ${setting.choices.join(', ')}.` : '';
  const usual =
    setting.defaultValue === undefined || setting.defaultValue === ''
      ? ''
      : ` Default: ${JSON.stringify(setting.defaultValue)}.`;
  const reload = setting.reloads ? ' SIGHUP reads it again.' : '';
  return `${setting.description}${reload}${choices}${usual}`;
}

function header(path: readonly string[]): string {
  return path.map((part) => (/^[A-Za-z0-9_-]+$/.test(part) ? part : JSON.stringify(part))).join('.');
}

function comment(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`# ${word}`);
  }
  return lines;
}
