import { LarderError, quoted } from '../../../core/errors/base.ts';
import { DamagedData, DumpInterrupted } from '../../../core/errors/dump.ts';
import {
  LockTimeout,
  OutOfLocks,
  PermissionMissing,
  SchemaInMotion,
} from '../../../core/errors/schema.ts';
import {
  DatabaseNotFound,
  LoginRefused,
  PoolerInTransactionMode,
  SourceUnreachable,
  TlsRefused,
} from '../../../core/errors/source.ts';
import type { SourceSettings } from '../../../core/settings.ts';

/**
 * PostgreSQL's failures under our names. SQLSTATEs are those of PostgreSQL's appendix A, Node's codes those of libuv
 * and OpenSSL. What the server says is passed on only where it names objects or roles, never values.
 */

const codeOf = (error: unknown): string => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
};
const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

const TLS_CODES =
  /^(ERR_TLS|CERT_|DEPTH_ZERO|UNABLE_TO_|SELF_SIGNED|ERR_SSL|EPROTO|HOSTNAME_MISMATCH)/;

/** invalid_password, which the server also answers for a user that it does not know. */
const WRONG_PASSWORD = '28P01';

/** A failure while a session was being opened. */
export const connectionFailure = (
  { name, database }: SourceSettings,
  user: string,
  error: unknown,
): LarderError => {
  if (error instanceof LarderError) return error;
  const code = codeOf(error);
  const message = messageOf(error);
  const cause = { cause: error };
  // PgBouncer's words, and RDS Proxy's.
  if (/unsupported startup parameter|command-line options/i.test(message))
    return new PoolerInTransactionMode(name);
  if (TLS_CODES.test(code) || /does not support SSL|no encryption/i.test(message)) {
    return new TlsRefused(name, code ? `${code}: ${message}` : message, cause);
  }
  if (code === '3D000') return new DatabaseNotFound(name, database);
  if (code === WRONG_PASSWORD)
    return new LoginRefused(name, user, 'the password is wrong', { ...cause, retryable: true });
  // The driver's words, before it sends anything.
  if (/^SASL: .*client password must be a/.test(message))
    return new LoginRefused(
      name,
      user,
      'the server asks for a password, and the secret has none',
      cause,
    );
  if (code.startsWith('28') || code === '42501')
    return new LoginRefused(name, user, message, cause);
  // Supabase's and others' poolers answer an unknown user so.
  if (/tenant or user not found/i.test(message))
    return new LoginRefused(name, user, message, cause);
  return new SourceUnreachable(name, code ? `${code}: ${message}` : message, cause);
};

export const ROLES_PAGE = 'docs/roles.md has the GRANT scripts for a backup role.';

const LOST = /^(57P0[0-9]|08|ECONN|EPIPE|ETIMEDOUT)/;
const LOST_TEXT = /Connection terminated|not queryable|Client was closed/i;

/**
 * A view or a foreign table stands where a table, a sequence or a materialized view was: refused by `restrict_nonsystem_relation_kind`, or by
 * COPY, which reads tables only.
 */
const isReplaced = (code: string, message: string): boolean =>
  (code === '55000' && /non-system (view|foreign table)/.test(message)) ||
  (code === '42809' && /cannot copy from/.test(message));

/** Of all that memory is wanting for, only locks have this hint. It has the setting's name in every language. */
/** True where the server's table of locks is full. */
export const isOfLocks = (error: unknown): boolean =>
  codeOf(error) === '53200' &&
  String((error as { hint?: unknown } | null)?.hint).includes('max_locks_per_transaction');

/** A failure of one of our queries in a session that was open. `doing` says what it was for. */
export const queryFailure = (error: unknown, doing: string): LarderError => {
  if (error instanceof LarderError) return error;
  const code = codeOf(error);
  const message = messageOf(error);
  const cause = { cause: error };
  if (code === '42501') {
    const rowSecurity = /row-level security/i.test(message);
    return rowSecurity
      ? new PermissionMissing(
          `While ${doing}: ${message}`,
          `Give the backup role BYPASSRLS. ${ROLES_PAGE}`,
          cause,
        )
      : new PermissionMissing(`While ${doing}: ${message}`, ROLES_PAGE, cause);
  }
  if (isOfLocks(error)) return new OutOfLocks(undefined, cause);
  if (isReplaced(code, message))
    return new SchemaInMotion('', `An object that is read by name (${doing})`, cause);
  if (code === '55P03') return new LockTimeout(doing, 0, 'another session holds it');
  if (code === '40001' || code === '40P01') {
    return new DumpInterrupted(
      `the server cancelled it while ${doing} (${code}: ${message})`,
      cause,
    );
  }
  // Class XX is the server's own confusion; these two say that an index or a table's data is damaged.
  if (code === 'XX001' || code === 'XX002') return new DamagedData(doing, quoted(message), cause);
  if (LOST.test(code) || LOST_TEXT.test(message)) {
    return new DumpInterrupted(`the connection was lost while ${doing}`, cause);
  }
  return new DumpInterrupted(
    `an unexpected failure while ${doing} (${code || 'no code'}: ${message})`,
    cause,
  );
};
