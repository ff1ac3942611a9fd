import { LarderError, quoted } from '../../../core/errors/base.ts';
import { RestoreInterrupted, StatementRefused } from '../../../core/errors/restore.ts';
import { LockTimeout, OutOfLocks, PermissionMissing } from '../../../core/errors/schema.ts';
import { isOfLocks } from '../session/server-errors.ts';

/**
 * What the server says against a statement of a backup, under our names. SQLSTATEs are those of PostgreSQL's appendix A. Its
 * words are passed on where they name objects or roles; those that hold a value of a row (class 22), or that a tenant's function
 * makes up (class P0), are not.
 */
interface ServerError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly where?: unknown;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const factsOf = (error: unknown) => {
  const { code, message, where } = (error ?? {}) as ServerError;
  return { code: text(code), message: text(message), where: text(where) };
};

export const ROLES_PAGE = 'docs/roles.md has the script for a restore role.';

const LOST = /^(57P0[0-9]|08|ECONN|EPIPE|ETIMEDOUT)/;
const LOST_TEXT =
  /Connection terminated|not queryable|Client was closed|stream was destroyed|premature close|write after end/i;

/** True where the session is gone, or the server will not go on with it. */
export const isLost = (error: unknown): boolean => {
  const { code, message } = factsOf(error);
  return LOST.test(code) || LOST_TEXT.test(message) || code.startsWith('ERR_STREAM');
};

/** Ours to try again: deadlocks, serialization, a cancelled query. */
const PASSING = /^(40|57014|53[123]00|55006)/;

/**
 * Two sessions changed one row of a catalog, such as a schema's name and its grants: the second, which had waited for the first, gets an
 * internal error. Nobody's fault, and gone the next time. PostgreSQL never translates these words.
 */
export const isRace = (error: unknown): boolean => {
  const { code, message } = factsOf(error);
  return code === 'XX000' && message.startsWith('tuple concurrently ');
};

/** Names that are looked for on the search_path, which a restore leaves empty. */
const NOT_FOUND = /^(42P01|42883|42704|42P02|3F000|42703)$/;
const FUNCTION = /(?:SQL|PL\/pgSQL) function "?(.+?)"?(?: line \d+| statement \d+| during|$)/m;

/** `line 3, column price` of `COPY orders, line 3, column price: "x"`, without the value. */
const placeIn = (where: string): string => {
  const line = /^COPY .*, line (\d+)(?:, column ([^:\n]+))?/m.exec(where);
  if (!line) return '';
  return ` at line ${line[1]}${line[2] ? `, column ${line[2]}` : ''}`;
};

const mending = (where: string, schema: string | undefined): string => {
  const routine = FUNCTION.exec(where)?.[1];
  if (!routine) return '';
  const path = schema === undefined ? 'the schemas it needs' : `"${schema.replaceAll('"', '""')}"`;
  return (
    `. Its function ${routine} names things without their schema, and a restore looks them up nowhere: at the source, run ` +
    `ALTER ROUTINE ${routine} SET search_path = ${path}, pg_temp (and whatever schemas it needs), then back up again`
  );
};

/** Names of what may be wrong, where the words themselves may hold a value. */
const wordsOf = (code: string, message: string, where: string): string => {
  const routine = FUNCTION.exec(where)?.[1];
  const within = routine ? `, in function ${routine}` : '';
  if (code.startsWith('22')) return `a value that it does not take${within}`;
  if (code.startsWith('P0')) return `an error of the backup's own code${within}`;
  return message;
};

export interface Doing {
  /** Such as `table "acme.orders"`. */
  readonly object: string;
  readonly lockTimeoutMs?: number;
  /** The backup's schema, for a hint. */
  readonly schema?: string | undefined;
}

/** @returns the error to throw; one of ours comes back as it is */
export const refusal = (
  error: unknown,
  { object, lockTimeoutMs = 0, schema }: Doing,
): LarderError => {
  if (error instanceof LarderError) return error;
  const { code, message, where } = factsOf(error);
  const cause = { cause: error };
  if (code === '55P03')
    return new LockTimeout(
      object,
      lockTimeoutMs,
      'another session holds what it needs',
      `${object.charAt(0).toUpperCase()}${object.slice(1)}`,
    );
  const routine = FUNCTION.exec(where)?.[1];
  if (code === '42501' && routine)
    return new StatementRefused(
      object,
      `${message}, in function ${routine} (42501), which runs while this comes back: the backup's own, or that of one of the database's event triggers, which a dry run names. Look at what it does. If it should, grant that to the restore role and to the owner of what is restored; an event trigger's can be made SECURITY DEFINER instead`,
      cause,
    );
  if (code === '42501')
    return new PermissionMissing(
      `The restore role may not make ${object}: ${message}`,
      ROLES_PAGE,
      cause,
    );
  if (code === '53100')
    return new StatementRefused(
      object,
      'the server has no room left on its disk (53100): enlarge its storage, then restore again',
      cause,
    );
  if (isOfLocks(error)) return new OutOfLocks(undefined, cause);
  if (isLost(error)) return new RestoreInterrupted(`the connection was lost at ${object}`, cause);
  if (isRace(error))
    return new RestoreInterrupted(`somebody changed ${object} at the same moment`, cause);
  if (PASSING.test(code))
    return new RestoreInterrupted(`the server cancelled ${object} (${code}: ${message})`, cause);
  if (!code) {
    return new RestoreInterrupted(`an unexpected failure at ${object} (${quoted(message)})`, cause);
  }
  const hint = NOT_FOUND.test(code) ? mending(where, schema) : '';
  return new StatementRefused(
    object,
    `${wordsOf(code, message, where)}${placeIn(where)} (${code})${hint}`,
    cause,
  );
};
