import { APPLICATION } from '../../../core/contract.ts';
import { sha256Hex } from '../../../core/ids.ts';

/** An SQL identifier as it is, whatever it holds: quoted, with quotes doubled. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const qualified = (schema: string, name: string): string =>
  `${identifier(schema)}.${identifier(name)}`;

/** A value of a libpq connection string: quoted, with backslashes and quotes escaped. */
export const conninfoValue = (value: string): string =>
  `'${value.replace(/[\\']/g, (char) => `\\${char}`)}'`;

/**
 * `larder/<backup id>/<attempt>`, and 8 characters of the stack: two stacks with the same schedule on one source give
 * their backups the same ids, and neither may take the other's backends for its own. 63 bytes are the server's limit.
 */
export const applicationNameOf = (backupId: string, attempt: number, stack?: string): string =>
  `${APPLICATION}/${backupId}/${attempt}${stack ? `/${sha256Hex(stack).slice(0, 8)}` : ''}`;
