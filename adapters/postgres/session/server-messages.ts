/**
 * Facts in the messages of PostgreSQL, of a pooler or of the driver for which the error has no field. All parsing of such messages is here.
 * The SQLSTATE (PostgreSQL's appendix A) is read first, because it is the same in every language. The messages are those of a server whose
 * lc_messages is C, as that of a scratch server is: in another language an error falls into its SQLSTATE's general class.
 */
interface ServerError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly where?: unknown;
  readonly hint?: unknown;
}

export interface ServerFacts {
  /** SQLSTATE, or a code of Node's; empty if it has none. */
  readonly code: string;
  readonly message: string;
  /** The code that was being executed; empty for the statement itself. */
  readonly where: string;
  readonly hint: string;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export const factsOf = (error: unknown): ServerFacts => {
  const { code, message, where, hint } = (error ?? {}) as ServerError;
  return { code: text(code), message: text(message), where: text(where), hint: text(hint) };
};

export const sqlStateOf = (error: unknown): string => factsOf(error).code;

/** Server shutdowns, class 08, and Node's codes for a lost socket. */
const LOST = /^(57P0[0-9]|08|ECONN|EPIPE|ETIMEDOUT|ERR_STREAM)/;
/** The driver's messages for a session that has ended, and Node's for its stream. */
const LOST_WORDS =
  /Connection terminated|not queryable|Client was closed|stream was destroyed|premature close|write after end/i;

/** True if the session is lost, or the server will not continue it. */
export const isLost = (error: unknown): boolean => {
  const { code, message } = factsOf(error);
  return LOST.test(code) || LOST_WORDS.test(message);
};

/**
 * Two sessions changed one row of a catalog, such as a schema's name and its grants: the second, which had waited for the first, gets an
 * internal error. It is not a fault, and the next try succeeds. PostgreSQL never translates this message.
 */
export const isRace = (error: unknown): boolean => {
  const { code, message } = factsOf(error);
  return code === 'XX000' && message.startsWith('tuple concurrently ');
};

/** True if the server's lock table is full: of all out-of-memory errors, only that one has this hint, which names the setting. */
export const isOfLocks = (error: unknown): boolean => {
  const { code, hint } = factsOf(error);
  return code === '53200' && hint.includes('max_locks_per_transaction');
};

/**
 * A view or a foreign table has replaced a table, a sequence or a materialized view: refused by `restrict_nonsystem_relation_kind`, or by
 * COPY, which reads only tables.
 */
export const isReplaced = (error: unknown): boolean => {
  const { code, message } = factsOf(error);
  return (
    (code === '55000' && /non-system (view|foreign table)/.test(message)) ||
    (code === '42809' && /cannot copy from/.test(message))
  );
};

/** A replica ended the session to continue its replay. Other errors have its SQLSTATE, 40001, as well. */
export const isRecoveryConflict = (error: unknown): boolean =>
  /conflict with recovery/.test(factsOf(error).message);

/** Row-level security denied it, and not a missing grant. */
export const isRowSecurity = (error: unknown): boolean => {
  const { code, message } = factsOf(error);
  return code === '42501' && /row-level security/i.test(message);
};

/**
 * A statement that PostgreSQL allows to superusers only: `must be superuser to create a base type`, `only superuser can define a leakproof
 * function`, `permission denied for language c`, `permission denied to set parameter "x"`, and an aggregate whose state is internal.
 */
export const isForSuperusers = (error: unknown): boolean => {
  const { code, message } = factsOf(error);
  return (
    (code === '42501' &&
      /\bsuperuser\b|permission denied (for language|to set parameter) /i.test(message)) ||
    (code === '42P13' && message.includes('cannot be internal'))
  );
};

/** A function has a setting that only a superuser may make. */
export const isOfSetting = (error: unknown): boolean =>
  factsOf(error).message.startsWith('permission denied to set parameter');

/** A type has no operator class, or none of the operators that are looked for by its operator class. */
export const lacksOperatorClass = (error: unknown): boolean => {
  const { code, message } = factsOf(error);
  return (
    (code === '42704' && message.includes('has no default operator class')) ||
    (code === '42883' && message.startsWith('could not identify a'))
  );
};

/** SQLSTATEs of errors that a cast would prevent: cannot coerce, datatype mismatch, undefined function. */
const WITHOUT_CAST = /^(42846|42804|42883)$/;

export const mayLackCast = (error: unknown): boolean => WITHOUT_CAST.test(factsOf(error).code);

/** Whether both types of a cast, such as `(integer AS acme.mood)`, are named. */
export const isNamedCast = (error: unknown, cast: string): boolean => {
  const [, from, to] = /^\((.+) AS (.+)\)$/s.exec(cast) ?? [];
  const { code, message } = factsOf(error);
  if (from === undefined || to === undefined || !mayLackCast(error)) return false;
  return code === '42846'
    ? message.startsWith(`cannot cast type ${from} to ${to}`)
    : message.includes(from) && message.includes(to);
};

/** Features that this build of the server, or its machine, lacks: a library, a compression, ICU, a locale of the C library. */
export const lacksAbility = (error: unknown): boolean => {
  const { code, message } = factsOf(error);
  return (
    code === '58P01' ||
    (code === '0A000' && /this build|compiled|built with/i.test(message)) ||
    (code === '22023' && message.startsWith('could not create locale'))
  );
};

const TLS_CODES =
  /^(ERR_TLS|CERT_|DEPTH_ZERO|UNABLE_TO_|SELF_SIGNED|ERR_SSL|EPROTO|HOSTNAME_MISMATCH)/;

export type ConnectionProblem =
  | 'pooler-in-transaction-mode'
  | 'tls'
  | 'no-database'
  | 'wrong-password'
  | 'no-password'
  | 'login'
  | 'unreachable';

/** Why a session could not be opened. */
export const connectionProblem = (error: unknown): ConnectionProblem => {
  const { code, message } = factsOf(error);
  // The messages of PgBouncer and of RDS Proxy.
  if (/unsupported startup parameter|command-line options/i.test(message))
    return 'pooler-in-transaction-mode';
  if (TLS_CODES.test(code) || /does not support SSL|no encryption/i.test(message)) return 'tls';
  if (code === '3D000') return 'no-database';
  // The server gives the same answer for an unknown user.
  if (code === '28P01') return 'wrong-password';
  // The driver's messages before it sends anything.
  if (/^SASL: .*client password must be a/.test(message)) return 'no-password';
  if (code.startsWith('28') || code === '42501') return 'login';
  // Supabase's and other poolers answer so for an unknown user.
  return /tenant or user not found/i.test(message) ? 'login' : 'unreachable';
};

const ROUTINE = /(?:SQL|PL\/pgSQL) function "?(.+?)"?(?: line \d+| statement \d+| during|$)/m;

/** The innermost function that was being executed, as the context of an error names it. */
export const routineIn = (where: string): string | undefined => ROUTINE.exec(where)?.[1];

/** The lines of an error's context before those of a function. */
export const contextBefore = (where: string, routine: string): string => {
  const lines = where.split('\n');
  const at = lines.findIndex(
    (line) => line.startsWith('PL/pgSQL function ') && line.includes(routine),
  );
  return (at < 0 ? lines : lines.slice(0, at)).join('\n');
};

export interface CopyPlace {
  readonly line: string;
  readonly column?: string;
}

/** The position in a COPY, from `COPY orders, line 3, column price: "x"`, without the value. */
export const copyPlaceIn = (where: string): CopyPlace | undefined => {
  const [, line, column] = /^COPY .*, line (\d+)(?:, column ([^:\n]+))?/m.exec(where) ?? [];
  return line === undefined ? undefined : { line, ...(column !== undefined && { column }) };
};

/** Whether rows of the table were being copied. */
export const isCopyOf = (where: string, table: string): boolean =>
  where.includes(`COPY ${table}, line`) || where.includes(`COPY "${table}", line`);

/** SQLSTATEs of objects that were not found: table, function, object, schema, database. */
const NOT_THERE = /^(42P01|42883|42704|3F000|3D000)$/;

/** `relation "s.t" does not exist`, `function s.f(integer, text) does not exist`, `operator does not exist: integer s.=== integer` */
const NOT_THERE_FORMS = [
  /^(?<kind>[\w -]+?) "(?<name>.+?)"(?: for .*)? does not exist/,
  /^(?<kind>function|procedure|aggregate|routine|operator) (?<name>.+?)\(.*\) does not exist/,
  /^(?<kind>operator) does not exist: (?<name>.+)/,
  /^(?<kind>type) (?<name>.+?) does not exist/,
  /^unrecognized (?<kind>configuration parameter) "(?<name>.+)"/,
];

/** The object that was not found. */
export interface MissingName {
  /** Such as `relation`, `text search configuration`. */
  readonly kind: string;
  /** As the server writes it, without quotes; for an operator, with its operands. */
  readonly name: string;
}

export const missingNameIn = (error: unknown): MissingName | undefined => {
  const { code, message } = factsOf(error);
  if (!NOT_THERE.test(code)) return undefined;
  for (const form of NOT_THERE_FORMS) {
    const { kind, name } = form.exec(message)?.groups ?? {};
    if (kind !== undefined && name !== undefined) return { kind, name };
  }
  return undefined;
};
