import { LarderError, quoted } from '../../../core/errors/base.ts';
import { RestoreInterrupted, StatementRefused } from '../../../core/errors/restore.ts';
import { LockTimeout, OutOfLocks, PermissionMissing } from '../../../core/errors/schema.ts';
import {
  copyPlaceIn,
  factsOf,
  isLost,
  isOfLocks,
  isRace,
  routineIn,
} from '../session/server-messages.ts';

/**
 * Errors of the server for a statement of a backup, as our own errors. SQLSTATEs are those of PostgreSQL's appendix A. Messages
 * that name objects or roles are passed on. Messages that contain a value of a row (class 22), or that a tenant's function
 * writes (class P0), are not.
 */

export const ROLES_PAGE = 'docs/roles.md has the script for a restore role.';

/** Errors after which we retry: deadlocks, serialization failures, a canceled query. */
const PASSING = /^(40|57014|53[123]00|55006)/;

/** Names that PostgreSQL looks for on the search_path, which a restore leaves empty. */
const NOT_FOUND = /^(42P01|42883|42704|42P02|3F000|42703)$/;

/** ` at line 3, column price`, without the value. */
const placeIn = (where: string): string => {
  const place = copyPlaceIn(where);
  if (!place) return '';
  return ` at line ${place.line}${place.column ? `, column ${place.column}` : ''}`;
};

/** Names the possible cause if the message itself may contain a value. */
const wordsOf = (code: string, message: string, routine: string | undefined): string => {
  const within = routine ? `, in function ${routine}` : '';
  if (code.startsWith('22')) return `a value that it does not accept${within}`;
  if (code.startsWith('P0')) return `an error of the backup's own code${within}`;
  return message;
};

export interface Doing {
  /** Such as `table "acme.orders"`. */
  readonly object: string;
  readonly lockTimeoutMs?: number;
  /** The backup's schema, for a hint. */
  readonly schema?: string | undefined;
  /** It fills a materialized view. */
  readonly isRefresh?: boolean;
}

/** @returns the error to throw; an error of our own is returned unchanged */
export const refusal = (
  error: unknown,
  { object, lockTimeoutMs = 0, schema, isRefresh = false }: Doing,
): LarderError => {
  if (error instanceof LarderError) return error;
  const { code, message, where } = factsOf(error);
  const cause = { cause: error };
  const refused = { cause: error, isRefresh };
  const routine = routineIn(where);
  if (code === '55P03')
    return new LockTimeout(
      object,
      lockTimeoutMs,
      'another session holds what it needs',
      `${object.charAt(0).toUpperCase()}${object.slice(1)}`,
    );
  if (code === '42501' && routine)
    return new StatementRefused(
      object,
      `${message}, in function ${routine} (42501), which runs during this statement: a function of the backup, or of one of the database's event triggers, which a dry run names. Check what it does. If it should do that, grant the right to the restore role and to the owner of the restored object; an event trigger's function can be made SECURITY DEFINER instead`,
      refused,
    );
  if (code === '42501')
    return new PermissionMissing(
      `The restore role may not create ${object}: ${message}`,
      ROLES_PAGE,
      cause,
    );
  if (code === '53100')
    return new StatementRefused(
      object,
      'the disk of the server is full (53100): enlarge its storage, then restore again',
      refused,
    );
  if (isOfLocks(error)) return new OutOfLocks(undefined, cause);
  if (isLost(error)) return new RestoreInterrupted(`the connection was lost at ${object}`, cause);
  if (isRace(error))
    return new RestoreInterrupted(`another session changed ${object} at the same time`, cause);
  if (PASSING.test(code))
    return new RestoreInterrupted(`the server cancelled ${object} (${code}: ${message})`, cause);
  if (!code) {
    return new RestoreInterrupted(`an unexpected failure at ${object} (${quoted(message)})`, cause);
  }
  const advice =
    NOT_FOUND.test(code) && routine !== undefined
      ? { kind: 'set-search-path' as const, routine, ...(schema !== undefined && { schema }) }
      : undefined;
  return new StatementRefused(
    object,
    `${wordsOf(code, message, routine)}${placeIn(where)} (${code})`,
    { ...refused, ...(advice && { advice }) },
  );
};
