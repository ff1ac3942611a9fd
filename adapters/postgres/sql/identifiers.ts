import { APPLICATION } from '../../../core/contract.ts';
import { sha256Hex } from '../../../core/ids.ts';

/** An SQL identifier: the name in quotes, unchanged, with quotes in it doubled. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const qualified = (schema: string, name: string): string =>
  `${identifier(schema)}.${identifier(name)}`;

/** A value of a libpq connection string: quoted, with backslashes and quotes escaped. */
export const conninfoValue = (value: string): string =>
  `'${value.replace(/[\\']/g, (char) => `\\${char}`)}'`;

/**
 * `larder/<backup id>/<attempt>`, and 8 characters of the stack. Two stacks with the same schedule on one source give
 * their backups the same ids, and neither may treat the other's backends as its own. The server's limit is 63 bytes.
 */
export const applicationNameOf = (backupId: string, attempt: number, stack?: string): string =>
  `${APPLICATION}/${backupId}/${attempt}${stack ? `/${sha256Hex(stack).slice(0, 8)}` : ''}`;
