import { type Loosening, StatementRefused } from '../../../core/errors/restore.ts';
import { PermissionMissing } from '../../../core/errors/schema.ts';
import type {
  SchemaPlace,
  TableName,
  UnfinishedKind,
  UnfinishedObject,
} from '../../../core/restore.ts';
import { whyRefused } from '../../../core/statement-sentence.ts';
import { factsOf, isForSuperusers, sqlStateOf } from '../session/server-messages.ts';
import { described, shown } from '../sql/describe-statement.ts';
import type { StatementKind } from '../sql/kinds/statement-kind.ts';
import { addedConstraint } from '../sql/kinds/usual-clauses.ts';
import type { Name } from '../sql/kinds/word-cursor.ts';
import type { Word } from '../sql/statement-words.ts';
import { tokenAt } from '../sql/tokens.ts';

/** Describes unfinished objects: rows or objects outside did not allow the restore to create them again unchanged. */
export interface Unfinished extends UnfinishedObject {
  /** The server's error. */
  readonly error: Error;
  /** The object itself, or the table that it belongs to. */
  readonly on: Name;
  /** The name of a constraint, trigger, policy or generated column. */
  readonly part?: string;
  /** Columns that were changed for it. */
  readonly columns?: readonly (TableName & { readonly column: string })[];
}

/**
 * SQLSTATEs of causes in the rows, in the definition or in the objects that it reads: data and integrity, missing and ambiguous names,
 * errors of tenant code, of foreign servers and of languages, limits of an index row, a view that is not filled, a missing library. Not
 * those of locks, canceling, memory, disk and of the server itself: they show nothing about the object.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const IN_THE_OBJECT = /^(08|0A|2[0-46F]|34|3[89DF]|42|44|54000|54011|54023|55000|58P01|F0|HV|P0)/;

const causeOf = (error: unknown): unknown => (error instanceof Error ? error.cause : undefined);

/** True if a statement failed because of its object. Class 08 may also mean that our own session is lost: the caller has to check that. */
export const isOfTheObject = (error: unknown): boolean =>
  IN_THE_OBJECT.test(sqlStateOf(causeOf(error)));

/**
 * True if PostgreSQL could not understand the statement itself: a name, a type or a constant in it. In an intact backup that happens only
 * within a function whose body names objects that exist only at the source; PostgreSQL then reports the position. A setting that a check
 * reads may be missing too, with the same SQLSTATE as a missing type.
 */
export const isOfTheDefinition = ({ error, kind, state }: Unfinished): boolean => {
  const cause = causeOf(error);
  const { where } = (cause ?? {}) as { readonly where?: unknown };
  const code = sqlStateOf(cause);
  if (state === 'unfilled' || where || !/^(42|0A|22P02)/.test(code)) return false;
  return !(code === '42704' && (kind === 'check' || kind === 'domain-check'));
};

const nextAfter = (
  loosened: Loosening | undefined,
  isTablesCheck: boolean,
  isComputed: boolean,
): Loosening | undefined => {
  if (loosened === undefined) return isTablesCheck ? 'checks' : 'checks-and-domains';
  if (loosened === 'checks') return 'checks-and-domains';
  return loosened === 'checks-and-domains' && isComputed ? 'generated-columns' : undefined;
};

/**
 * For refused rows of a COPY. @returns the error with the next loosening to try
 * @param isComputed true if columns of the table are computed for its rows
 */
export const refusedRows = (
  error: unknown,
  loosened: Loosening | undefined,
  isComputed: boolean,
): unknown => {
  if (!(error instanceof StatementRefused) || !isOfTheObject(error)) return error;
  const { cause } = error;
  const { constraint, table } = (cause ?? {}) as Readonly<Record<string, unknown>>;
  const isTablesCheck = sqlStateOf(cause) === '23514' && Boolean(constraint && table);
  const loosen = nextAfter(loosened, isTablesCheck, isComputed);
  return loosen ? error.restated({ conflict: { loosen } }) : error;
};

const KINDS: Readonly<Record<string, UnfinishedKind>> = {
  index: 'index',
  statistics: 'statistics',
  view: 'view',
  'materialized view': 'view',
  function: 'routine',
  procedure: 'routine',
  aggregate: 'routine',
  trigger: 'trigger',
  policy: 'policy',
};

/** The object that a statement would have created. */
export interface Attempted extends Pick<Unfinished, 'kind' | 'object' | 'on' | 'part'> {
  /** The statement fills a materialized view and creates no object. */
  readonly fills: boolean;
}

export const attempted = (statement: StatementKind, words: readonly Word[]): Attempted => {
  const object = described(statement, words);
  if (statement.kind === 'refresh')
    return { kind: 'materialized-view', object, on: statement.view, fills: true };
  if (statement.kind === 'foreign-key') {
    const { table: on, constraint: part } = statement;
    return { kind: 'foreign-key', object, on, part, fills: false };
  }
  if (statement.kind === 'create') {
    const kind = KINDS[statement.what] ?? 'other';
    const { table, name } = statement;
    return { kind, object, on: table ?? statement, ...(table && { part: name }), fills: false };
  }
  const added = statement.kind === 'alter' ? addedConstraint(words) : undefined;
  if (statement.kind === 'alter' && added) {
    const { kind, name: part } = added;
    const what = statement.what === 'domain' ? 'domain' : 'table';
    return {
      kind: what === 'domain' && kind === 'check' ? 'domain-check' : kind,
      object: `constraint ${shown({ schema: null, name: part })} of ${what} ${shown(statement.on)}`,
      on: statement.on,
      part,
      fills: false,
    };
  }
  const on = 'on' in statement ? statement.on : 'child' in statement ? statement.child : undefined;
  return { kind: 'other', object, on: on ?? { schema: null, name: object }, fills: false };
};

/** PostgreSQL's message, without the values of rows, which `refusal` removes. */
export const whyOf = (error: Error): string =>
  error instanceof StatementRefused ? whyRefused(error.why, error.advice) : error.message;

/** True for statements that read rows or run code of the backup over them. */
export const worksOnRows = (statement: StatementKind, words: readonly Word[]): boolean => {
  switch (statement.kind) {
    case 'refresh':
    case 'foreign-key':
      return true;
    case 'create':
      return statement.what === 'index' || statement.what === 'statistics';
    case 'alter':
      return addedConstraint(words) !== undefined;
    default:
      return false;
  }
};

/** If one of these fails, the rest of the restore is worthless: tables, rows, and owners. */
const INDISPENSABLE: readonly StatementKind['kind'][] = [
  'setting',
  'create-schema',
  'create-extension',
  'copy',
  'sequence-value',
  'owner',
  'attach-partition',
];

/** True if a statement may fail because an earlier one has failed. */
export const mayFollow = (statement: StatementKind): boolean =>
  !INDISPENSABLE.includes(statement.kind) &&
  !(statement.kind === 'create' && /table$|^sequence$/.test(statement.what));

const WITH_OTHERS =
  'The rest can be restored: ask again with "onConflict": "report". It lists each such object, with the SQL that a superuser can run (docs/restore.md).';
const WITH_TYPES =
  'Restore beside with "onConflict": "report", which leaves out the tables that need it if the backup lists them, or with a login that is a superuser, into a database of its own (docs/restore.md).';

/** @returns the error to throw under `stop`; it shows, by a mark or in its message, that `report` would continue */
export const asConflict = (error: unknown, object: string, isType: boolean): unknown => {
  if (error instanceof PermissionMissing && isForSuperusers(error.cause))
    return new PermissionMissing(
      `Only a superuser may create ${object} (PostgreSQL says: ${factsOf(error.cause).message})`,
      isType ? WITH_TYPES : WITH_OTHERS,
      { cause: error.cause },
    );
  if (!(error instanceof StatementRefused) || !isOfTheObject(error)) return error;
  return error.restated({ conflict: error.conflict ?? {} });
};

/**
 * True if an error is reported under `report`. That includes a missing right that an owner's own code or view
 * needs.
 */
export const isReportable = (error: unknown): error is Error =>
  isOfTheObject(error) || (error instanceof PermissionMissing && error.cause !== undefined);

/** A statement with the current names of the schemas, always quoted. Strings and bodies are not changed. */
export const underNames = (sql: string, places: readonly SchemaPlace[]): string => {
  const bytes = Buffer.from(sql);
  const parts: string[] = [];
  let before = '';
  for (let at = 0; at < bytes.length; ) {
    const token = tokenAt({ bytes, final: true, escapes: false }, at);
    if (!token) return sql;
    const text = bytes.toString('utf8', token.from, token.to);
    const name = schemaNamed(token.kind, text);
    const isQualifier = bytes[token.to] === 0x2e && before !== '.';
    const place =
      name !== undefined && isQualifier ? places.find(({ from }) => from === name) : undefined;
    parts.push(place ? `"${place.to.replaceAll('"', '""')}"` : text);
    before = text;
    at = token.to;
  }
  return parts.join('');
};

const schemaNamed = (kind: string, text: string): string | undefined => {
  if (kind === 'quoted-name') return text.slice(1, -1).replaceAll('""', '"');
  return kind === 'name' ? text.toLowerCase() : undefined;
};

/** As in the outcome, without the members that only the restore uses. */
export const reported = ({ kind, object, state, why, sql }: Unfinished): UnfinishedObject => ({
  kind,
  object,
  state,
  why,
  ...(sql !== undefined && { sql }),
});
