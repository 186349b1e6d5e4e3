import { Option } from 'commander';

export interface FormatFlag {
  readonly format: 'table' | 'json';
}

export const formatOption = (): Option =>
  new Option('--format <format>', 'table or json').choices(['table', 'json']).default('table');
