import { sqlStateOf } from '../session/server-messages.ts';
import { shown } from '../sql/describe-statement.ts';
import { identifier, qualified } from '../sql/identifiers.ts';
import { allWords, keyDefinition } from '../sql/kinds/clauses.ts';
import type { StatementKind } from '../sql/kinds/statement-kind.ts';
import { mayNeedSuperuser } from '../sql/kinds/superuser-only.ts';
import type { Piece } from '../sql/split-statements.ts';
import { ownerOf } from './access/role-switch.ts';
import { halfAdded, onPartition, partsBelow, validate } from './foreign-keys/partition-keys.ts';
import { tried } from './in-savepoint.ts';
import { sendBound } from './operators/bind-operators.ts';
import { named, type Run } from './run-state.ts';
import { send } from './send.ts';
import { executeNotValid } from './tenant-code/execute.ts';
import { validateConfined } from './tenant-code/validate.ts';
import {
  type Attempted,
  asConflict,
  attempted,
  mayFollow,
  type Unfinished,
  whyOf,
  worksOnRows,
} from './unfinished-objects.ts';

/**
 * Under `report`, a statement is reported as unfinished, and the restore continues, if it fails because rows violate definitions, or because
 * only a superuser may run it. Statements that read rows run in a savepoint of their own. Statements that may need a missing object do so only
 * once an object is missing: a restore without conflicts needs savepoints only to build an index or to check a key.
 */
const VIOLATED = '23503';

const toldOf = (
  { kind, object, on, part }: Attempted,
  error: Error,
  more: Pick<Unfinished, 'state'> & { readonly why?: string; readonly sql?: string },
): Unfinished => ({
  kind,
  object,
  on,
  ...(part !== undefined && { part }),
  why: whyOf(error),
  ...more,
  error,
});

const textOf = ({ text }: Piece): string => text.toString().replace(/[;\s]+$/, '');

/** The view may not have its owner yet: `ownerOf` sets it. */
const unfilled = async (run: Run, what: Attempted, error: Error): Promise<Unfinished> => {
  const view = named(what.on);
  if (run.request.tenancy) await ownerOf(run, { ...view, what: 'table' });
  const sql = `REFRESH MATERIALIZED VIEW ${qualified(view.schema, view.name)}`;
  return toldOf(what, error, { state: 'unfilled', sql });
};

/** Sends one statement as the restore role. */
const sendSql = ({ client }: Run, { object }: Attempted, sql: string): Promise<void> =>
  send(client, Buffer.from(sql), { object });

const sent = (run: Run, what: Attempted, sql: string): Promise<Error | undefined> =>
  tried(run, () => sendSql(run, what, sql));

/** Before PostgreSQL 18 a partitioned table accepts no key that is NOT VALID; its partitions do. */
const keyBelow = async (
  run: Run,
  what: Attempted,
  error: Error,
  sql: string,
): Promise<Unfinished | undefined> => {
  const { client } = run;
  const key = { table: named(what.on), name: what.part ?? '', sql };
  if (!(await partsBelow(client, key))) return undefined;
  for (const part of (await partsBelow(client, key)) ?? []) {
    const own = onPartition(key, part);
    if (await sent(run, what, `${own.sql} NOT VALID`)) continue;
    const one = { ...own.table, what: 'table' } as const;
    await tried(run, () => validateConfined(run, one, validate(own), what));
  }
  const parts = (await partsBelow(client, key)) ?? [];
  return toldOf(what, error, { state: 'missing', ...halfAdded(key, parts, whyOf(error)) });
};

/** If rows violate a key, it is added NOT VALID, for new rows. */
const looseKey = async (
  run: Run,
  statement: Extract<StatementKind, { readonly kind: 'foreign-key' }>,
  { text, words }: Piece,
  { what, error }: { readonly what: Attempted; readonly error: Error },
): Promise<Unfinished | undefined> => {
  const { schema, name } = named(statement.table);
  const sql = `ALTER TABLE ${statement.only ? 'ONLY ' : ''}${qualified(schema, name)} ADD CONSTRAINT ${identifier(statement.constraint)} ${keyDefinition(text, words, statement)}`;
  const below = await keyBelow(run, what, error, sql);
  if (below) return below;
  if (await sent(run, what, `${sql} NOT VALID`)) return undefined;
  const key = { table: { schema, name }, name: statement.constraint };
  return toldOf(what, error, { state: 'not-valid', sql: validate(key) });
};

const LOOSE_KINDS: readonly Unfinished['kind'][] = ['check', 'domain-check', 'not-null'];

/** `ALTER TABLE s.t VALIDATE CONSTRAINT c` */
export const validating = (
  what: 'table' | 'domain',
  { schema, name }: { readonly schema: string; readonly name: string },
  constraint: string,
): string =>
  `ALTER ${what === 'domain' ? 'DOMAIN' : 'TABLE'} ${qualified(schema, name)} VALIDATE CONSTRAINT ${identifier(constraint)}`;

const looseCheck = async (
  run: Run,
  statement: StatementKind,
  piece: Piece,
  { what, error }: { readonly what: Attempted; readonly error: Error },
): Promise<Unfinished | undefined> => {
  if (!LOOSE_KINDS.includes(what.kind) || what.part === undefined) return undefined;
  const on = named(what.on);
  const kind = what.kind === 'domain-check' ? 'domain' : 'table';
  const binding = { client: run.client, plan: run.request.bindings };
  const loose = { text: Buffer.from(`${textOf(piece)} NOT VALID`), words: piece.words };
  const failed = await tried(run, () =>
    executeNotValid(run, statement, piece.words, (how) =>
      sendBound({ ...binding, ...(how && { how }) }, statement, loose, what),
    ),
  );
  if (failed) return undefined;
  return toldOf(what, error, { state: 'not-valid', sql: validating(kind, on, what.part) });
};

const without = async (
  run: Run,
  statement: StatementKind,
  piece: Piece,
  error: Error,
): Promise<Unfinished> => {
  const what = attempted(statement, piece.words);
  if (what.fills) return await unfilled(run, what, error);
  const isOrphan = statement.kind === 'foreign-key' && sqlStateOf(error.cause) === VIOLATED;
  const loose = isOrphan
    ? await looseKey(run, statement, piece, { what, error })
    : await looseCheck(run, statement, piece, { what, error });
  return loose ?? toldOf(what, error, { state: 'missing', sql: textOf(piece) });
};

/** True if a statement sets the owner of an object that may be missing. */
const isOwnerOf = (unfinished: readonly Unfinished[], statement: StatementKind): boolean =>
  statement.kind === 'owner' &&
  unfinished.some(({ on, part }) => part === undefined && shown(on) === shown(statement.on));

/** Executes a statement. Under `report`, if rows or definitions make it fail, it is reported, and the transaction continues. */
export const orReport = async (
  run: Run,
  statement: StatementKind,
  piece: Piece,
  execute: () => Promise<void>,
): Promise<void> => {
  const { request, unfinished } = run;
  const escapes = /^off$/i.test(run.settings.get('standard_conforming_strings') ?? '');
  const whole = { ...piece, words: allWords(piece, escapes) };
  const atRisk =
    worksOnRows(statement, piece.words) ||
    (request.tenancy !== undefined && mayNeedSuperuser(statement, whole.words)) ||
    (unfinished.length > 0 && (mayFollow(statement) || isOwnerOf(unfinished, statement)));
  if (!atRisk) return await execute();
  // Tables may need a base type. If it is not known which, nothing is left out.
  const isBaseType =
    statement.kind === 'create' &&
    statement.what === 'type' &&
    mayNeedSuperuser(statement, whole.words);
  const isType = isBaseType && !request.leavingOut;
  if (request.onConflict !== 'report' || isType) {
    return await execute().catch((error: unknown) => {
      throw asConflict(error, attempted(statement, piece.words).object, isType);
    });
  }
  const error = await tried(run, execute);
  if (error) unfinished.push(await without(run, statement, whole, error));
};
