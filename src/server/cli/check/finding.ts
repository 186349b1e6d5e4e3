/** One line of `cricket check`. */
export interface Finding {
  readonly name: string;
  /** fail: pods will not run; warn: something will not, or not well. */
  readonly state: 'ok' | 'warn' | 'fail';
  readonly found: string;
  /** What to do; empty when there is nothing to do. */
  readonly advice: string;
}

export const ok = (name: string, found: string): Finding => ({ name, state: 'ok', found, advice: '' });
export const warn = (name: string, found: string, advice: string): Finding => ({ name, state: 'warn', found, advice });
export const failed = (name: string, found: string, advice: string): Finding => ({
  name,
  state: 'fail',
  found,
  advice,
});
