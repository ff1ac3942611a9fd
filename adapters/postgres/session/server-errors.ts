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
import {
  connectionProblem,
  factsOf,
  isLost,
  isOfLocks,
  isReplaced,
  isRowSecurity,
} from './server-messages.ts';

/**
 * PostgreSQL's errors under our names. SQLSTATEs are those of PostgreSQL's appendix A, Node's codes those of libuv and OpenSSL. The
 * server's message is passed on only if it names objects or roles, never values.
 */

/** A failure while a session was being opened. */
export const connectionFailure = (
  { name, database }: SourceSettings,
  user: string,
  error: unknown,
): LarderError => {
  if (error instanceof LarderError) return error;
  const { code, message } = factsOf(error);
  const said = message || String(error);
  const withCode = code ? `${code}: ${said}` : said;
  const cause = { cause: error };
  switch (connectionProblem(error)) {
    case 'pooler-in-transaction-mode':
      return new PoolerInTransactionMode(name);
    case 'tls':
      return new TlsRefused(name, withCode, cause);
    case 'no-database':
      return new DatabaseNotFound(name, database);
    case 'wrong-password':
      return new LoginRefused(name, user, 'the password is wrong', { ...cause, retryable: true });
    case 'no-password':
      return new LoginRefused(
        name,
        user,
        'the server asks for a password, and the secret has none',
        cause,
      );
    case 'login':
      return new LoginRefused(name, user, said, cause);
    case 'unreachable':
      return new SourceUnreachable(name, withCode, cause);
  }
};

export const ROLES_PAGE = 'docs/roles.md has the GRANT scripts for a backup role.';

/** A failure of one of our queries in an open session. `doing` says the purpose of the query. */
export const queryFailure = (error: unknown, doing: string): LarderError => {
  if (error instanceof LarderError) return error;
  const { code, message: words } = factsOf(error);
  const message = words || String(error);
  const cause = { cause: error };
  if (code === '42501') {
    return isRowSecurity(error)
      ? new PermissionMissing(
          `While ${doing}: ${message}`,
          `Give the backup role BYPASSRLS. ${ROLES_PAGE}`,
          cause,
        )
      : new PermissionMissing(`While ${doing}: ${message}`, ROLES_PAGE, cause);
  }
  if (isOfLocks(error)) return new OutOfLocks(undefined, cause);
  if (isReplaced(error))
    return new SchemaInMotion('', `An object that is read by name (${doing})`, cause);
  if (code === '55P03') return new LockTimeout(doing, 0, 'another session holds it');
  if (code === '40001' || code === '40P01') {
    return new DumpInterrupted(
      `the server cancelled it while ${doing} (${code}: ${message})`,
      cause,
    );
  }
  // Class XX is an internal error of the server; these two report that an index or a table's data is damaged.
  if (code === 'XX001' || code === 'XX002') return new DamagedData(doing, quoted(message), cause);
  if (isLost(error)) {
    return new DumpInterrupted(`the connection was lost while ${doing}`, cause);
  }
  return new DumpInterrupted(
    `an unexpected failure while ${doing} (${code || 'no code'}: ${message})`,
    cause,
  );
};
