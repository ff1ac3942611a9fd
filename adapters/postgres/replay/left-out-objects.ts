import { quoted } from '../../../core/errors/base.ts';
import { StatementRefused } from '../../../core/errors/restore.ts';
import { PermissionMissing } from '../../../core/errors/schema.ts';
import {
  isForSuperusers,
  isNamedCast,
  isOfSetting,
  lacksOperatorClass,
  missingNameIn,
} from '../session/server-messages.ts';
import { described, shown } from '../sql/describe-statement.ts';
import { madeBy } from '../sql/kinds/changed-object.ts';
import type { StatementKind } from '../sql/kinds/statement-kind.ts';
import type { Name } from '../sql/kinds/word-cursor.ts';
import type { Piece } from '../sql/split-statements.ts';
import { tried } from './in-savepoint.ts';
import type { LeftOutReason } from './left-out-object.ts';
import type { Run } from './run-state.ts';
import { attempted, whyOf } from './unfinished-objects.ts';

/**
 * Used if no statement of the backup runs as a superuser. Leaves out objects that only a superuser can create, and objects that need them:
 * base types, functions in C or marked LEAKPROOF, operator classes and families, aggregates with an internal state. The server's error names
 * the object that it does not create. A statement that needs this object fails with its name, and is left out too. So each statement runs in
 * a savepoint, in an attempt that begins only after the usual attempt has met such an object.
 */

/** If an operator class is missing, casts of its types may be missing too. */
const CLASS = 'operator class';

const named = ({ schema, name }: Name): string => (schema === null ? name : `${schema}.${name}`);

/** `integer acme.=== integer`: the operator may have no schema in it. */
const isOperatorIn = (text: string, operator: string): boolean => {
  const unqualified = operator.slice(operator.lastIndexOf('.') + 1);
  return text.split(' ').some((word) => word === operator || word === unqualified);
};

const reasonOf = (run: Run, error: Error): LeftOutReason | undefined => {
  const { leavingOut } = run.request;
  const { cause } = error;
  if (!leavingOut) return undefined;
  if (isForSuperusers(cause))
    return { kind: 'superusers-only', ...(isOfSetting(cause) && { isSetting: true }) };
  const known = [
    ...leavingOut.missing,
    ...run.leftOutObjects.flatMap(({ what, name, isPartly }) =>
      isPartly ? [] : [{ kind: what, name: named(name) }],
    ),
  ];
  const missing = missingNameIn(cause);
  const needed = missing
    ? known.find(({ kind, name }) =>
        missing.kind === 'operator' && kind === 'operator'
          ? isOperatorIn(missing.name, name)
          : missing.name.replace(/(\[\])+$/, '') === name,
      )
    : lacksOperatorClass(cause) && known.find(({ kind }) => kind === CLASS);
  if (needed) return { kind: 'needs', name: needed.name };
  const cast = leavingOut.casts.find((one) => isNamedCast(cause, one));
  return cast === undefined ? undefined : { kind: 'needs-cast', cast };
};

/** True if an object was left out, not only a statement about it. */
export const isLeftOut = ({ leftOutObjects }: Run, one: Name): boolean =>
  leftOutObjects.some(({ name, isPartly }) => !isPartly && shown(name) === shown(one));

const note = (run: Run, statement: StatementKind, piece: Piece, because: LeftOutReason): void => {
  const { words } = piece;
  const object = described(statement, words);
  if (statement.kind === 'attach-partition') {
    const { schema, name } = statement.child;
    if (schema !== null) run.alone.push({ schema, name });
  }
  if (statement.kind === 'create') {
    const { what, table } = statement;
    run.leftOutObjects.push({
      object,
      what,
      name: { schema: statement.schema, name: statement.name },
      ...(table && { table }),
      isPartly: false,
      because,
    });
    return;
  }
  const { object: title, on, part } = attempted(statement, words);
  if (part !== undefined) {
    const name = { schema: on.schema, name: part };
    run.leftOutObjects.push({
      object: title,
      what: 'constraint',
      name,
      table: on,
      isPartly: false,
      because,
    });
    return;
  }
  for (const name of madeBy(statement, words))
    run.leftOutObjects.push({ object, what: 'sequence', name, isPartly: false, because });
  if (statement.kind === 'alter' && !isLeftOut(run, on))
    run.leftOutObjects.push({ object, what: statement.what, name: on, isPartly: true, because });
};

/**
 * In a restore, what was left out is also reported with its statement, so that a person can finish it; only the rows of a table that was left out
 * cannot be restored afterwards.
 */
const report = (
  run: Run,
  statement: StatementKind,
  { text, words }: Piece,
  because: LeftOutReason,
  error: Error,
): void => {
  const what = attempted(statement, words);
  const sql = text.toString().replace(/[;\s]+$/, '');
  run.unfinished.push({ ...what, state: 'missing', why: whyOf(error), sql, error });
  if (statement.kind !== 'create' || statement.what !== 'table' || because.kind !== 'needs') return;
  run.leftOut.push({
    what: `${what.object} and its rows`,
    why: `it needs ${quoted(because.name)}, which only a superuser may create`,
  });
};

/** True for an error that another attempt may avoid by leaving objects out. */
export const mayLeaveOut = (error: unknown, casts: readonly string[]): boolean =>
  (error instanceof StatementRefused || error instanceof PermissionMissing) &&
  (isForSuperusers(error.cause) || casts.some((cast) => isNamedCast(error.cause, cast)));

/** Executes a statement. If it fails because of an object that was left out, it is left out too. */
export const orLeaveOut = async (
  run: Run,
  statement: StatementKind,
  piece: Piece,
  execute: () => Promise<void>,
): Promise<void> => {
  if (!run.request.leavingOut) return await execute();
  const error = await tried(run, execute);
  if (!error) return;
  const because = reasonOf(run, error);
  if (!because) throw error;
  note(run, statement, piece, because);
  if (run.request.tenancy) report(run, statement, piece, because, error);
};
