import { fail } from '../../../base/errors.ts';

/**
 * What execve and JSON can both carry: no NUL, and whole Unicode. A lone surrogate, which stands for no
 * bytes at all, would reach the program as something else than was written.
 */
export function checkText(id: string, what: string, text: string): void {
  if (text.includes('\0')) throw fail('invalid_argument', `container ${id}: ${what} holds a NUL byte`);
  if (!text.isWellFormed())
    throw fail('invalid_argument', `container ${id}: ${what} is not valid Unicode; pass binary data in a file`);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The text of a value that arrives as bytes. config.json is JSON, so only UTF-8 gets through: crun
 * refuses the file otherwise, and runc puts U+FFFD in its place, which would corrupt a secret in silence.
 */
export function textFromBytes(id: string, what: string, bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw fail('invalid_argument', `container ${id}: ${what} is not valid UTF-8; mount it as a file instead`, error);
  }
}
