import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import type { TableName } from '../../../core/restore.ts';
import { written } from '../catalog/extension-objects.ts';
import { described, shown } from '../sql/describe-statement.ts';
import { qualified } from '../sql/identifiers.ts';
import { madeBy } from '../sql/kinds/changed-object.ts';
import { allWords, keyDefinition, mayInherit } from '../sql/kinds/clauses.ts';
import { constraintComment, isLabel } from '../sql/kinds/comments.ts';
import { readStatementKind } from '../sql/kinds/read-statement-kind.ts';
import type { StatementKind } from '../sql/kinds/statement-kind.ts';
import { type Piece, readStatements } from '../sql/split-statements.ts';
import type { Word } from '../sql/statement-words.ts';
import { applyGrant } from './access/apply-grants.ts';
import { settleRights } from './access/definer-rights.ts';
import { tellOtherGrantors } from './access/grantors.ts';
import { setMultirangeOwners } from './access/multirange-owners.ts';
import { ownerOf, SAFE_PATH } from './access/role-switch.ts';
import { labelOrLeaveOut } from './access/security-labels.ts';
import { extensionsNamed, readExtensionParts } from './extension-parts.ts';
import { isLeftOut, orLeaveOut } from './left-out-objects.ts';
import { loosen, tighten } from './loosen-checks.ts';
import { type Sender, sendBound } from './operators/bind-operators.ts';
import { unknownBindings } from './operators/unknown-bindings.ts';
import { belongsToLonely, detachedRule, leaveParents, refuseAttached } from './outside-parents.ts';
import { reachesOf, refuseReaches } from './outside-reach.ts';
import { orReport } from './row-conflicts.ts';
import { beginRun, named, type Run } from './run-state.ts';
import { decide, keyOf } from './statement-policy.ts';
import { exposedWarnings, refuseExposed } from './tenant-code/confine.ts';
import { copyTable } from './tenant-code/copy-table.ts';
import { executeDefinition } from './tenant-code/execute.ts';
import { nothingMade } from './tenant-code/known-code.ts';
import { codeOfView } from './tenant-code/view-code.ts';
import type { ExecutedText, TextRequest } from './text-request.ts';
import { refusedRows } from './unfinished-objects.ts';

/**
 * Executes the SQL of a backup in the caller's transaction, under the backup's own schema names. The kind of each statement is
 * known, and only statements that pg_dump writes for these schemas are sent. Nothing here renames, counts or commits.
 */
const keepForLater = (run: Run, statement: StatementKind, { text, words }: Piece): void => {
  if (statement.kind === 'foreign-key') {
    run.bounds.kept.add(keyOf(statement.table, statement.constraint));
    run.keys.push({
      table: named(statement.table),
      name: statement.constraint,
      only: statement.only,
      definition: keyDefinition(text, words, statement),
      valid: !statement.notValid,
    });
  }
  if (statement.kind !== 'comment-on-constraint') return;
  const wanted = keyOf(statement.table, statement.constraint);
  const at = run.keys.findIndex(({ table, name }) => keyOf(table, name) === wanted);
  const key = run.keys[at];
  const comment = constraintComment(statement, words);
  if (key && comment !== undefined) run.keys[at] = { ...key, comment };
};

/**
 * PostgreSQL fills a view as its owner. Policies may hide rows from the owner, if they are forced on the owner too. pg_dump's `row_security =
 * off` would make that an error, but a refresh at the source got the rows that the owner may see.
 */
const asPoliciesLet = async (client: pg.Client, execute: () => Promise<void>): Promise<void> => {
  await client.query('SET LOCAL row_security = on');
  await execute();
  await client.query('SET LOCAL row_security = off');
};

/**
 * Notes objects that a statement should have created, but did not. A later statement about such an object has no object, or
 * has a live one.
 */
const noteUnmade = ({ bounds }: Run, statement: StatementKind, words: readonly Word[]): void => {
  for (const one of madeBy(statement, words))
    if (!bounds.made.has(shown(one))) bounds.unmade.add(shown(one));
};

/** The backup's SQL itself has created the extension: rows of its configuration tables may be restored. */
const noteParts = async (run: Run, name: string): Promise<void> => {
  const inside = run.request.tenancy?.extensions.filter((one) => one.name === name) ?? [];
  for (const part of await readExtensionParts(run.client, inside)) run.bounds.made.add(shown(part));
};

/**
 * @throws RestoreRefused if its query would run code with rights over others, and the request did not
 * accept that
 */
const refuseExposedView = async (run: Run, view: TableName): Promise<void> => {
  const owner = await ownerOf(run, { ...view, what: 'table' });
  if (owner && !owner.superuser) return;
  const code = await codeOfView(run, view);
  if (code.length) await refuseExposed(run, { what: `materialized view ${shown(view)}`, code });
};

const runStatement = async (run: Run, statement: StatementKind, piece: Piece): Promise<void> => {
  const { client, request, bounds } = run;
  const { words } = piece;
  const doing = {
    object: described(statement, words),
    schema: request.schemas[0],
    isRefresh: statement.kind === 'refresh',
    ...(request.lockTimeoutMs !== undefined && { lockTimeoutMs: request.lockTimeoutMs }),
  };
  if (statement.kind === 'setting' && statement.name === 'default_tablespace') {
    const [tablespace = ''] = statement.values;
    if (tablespace && !run.tablespaces.has(tablespace)) {
      run.leftOut.push({
        what: `tablespace ${quoted(tablespace)}`,
        why: 'the server has no tablespace of that name: its tables are in the default one',
      });
      await client.query(`SET default_tablespace = ''`);
      return;
    }
  }
  const execute = (how?: Sender) =>
    sendBound({ client, plan: request.bindings, ...(how && { how }) }, statement, piece, doing);
  if (statement.kind === 'refresh') {
    if (request.tenancy) await refuseExposedView(run, named(statement.view));
    await asPoliciesLet(client, execute);
  } else if (statement.kind === 'other' && isLabel(words))
    await labelOrLeaveOut(run, words, execute);
  else await executeDefinition(run, statement, words, execute);
  if (statement.kind === 'setting') run.settings.set(statement.name, statement.values.join());
  if (statement.kind === 'create-schema') await request.onSchema?.(statement.schema);
  if (statement.kind === 'create-extension') await noteParts(run, statement.extension);
  for (const made of madeBy(statement, words)) bounds.made.add(shown(named(made)));
  if (statement.kind === 'create' && statement.what.endsWith('table') && mayInherit(words))
    await leaveParents(run, named({ schema: statement.schema, name: statement.name }));
};

/**
 * The extension, if the statement holds the rows of its table or the value of its sequence, and the
 * request leaves these out.
 */
const extensionOf = ({ request }: Run, statement: StatementKind): string | undefined =>
  request.withoutRowsOf?.find(({ schema, name }) =>
    statement.kind === 'copy'
      ? statement.table.schema === schema && statement.table.name === name
      : statement.kind === 'sequence-value' &&
        [`${written(schema)}.${written(name)}`, qualified(schema, name)].includes(statement.text),
  )?.extension;

/** Clauses of these statements may be at any position. */
const READ_WHOLE = ['create', 'alter', 'attach-partition'];

const take = async (run: Run, piece: Piece): Promise<void> => {
  const statement = readStatementKind(piece.words);
  if (statement.kind === 'session-authorization') run.grantor = statement.role;
  const extension = extensionOf(run, statement);
  if (extension !== undefined) {
    run.leftOut.push({
      what: described(statement, piece.words),
      why: `it belongs to extension ${quoted(extension)}, which has its definition`,
    });
    return;
  }
  const escapes = /^off$/i.test(run.settings.get('standard_conforming_strings') ?? '');
  const words = READ_WHOLE.includes(statement.kind) ? allWords(piece, escapes) : piece.words;
  const decision = detachedRule(run, statement) ?? decide(statement, words, run.bounds);
  switch (decision.do) {
    case 'pass':
      return;
    case 'leave-out':
      if (statement.kind === 'attach-partition') run.alone.push(named(statement.child));
      run.leftOut.push({ what: decision.what, why: decision.why });
      return;
    case 'keep-for-later':
      return keepForLater(run, statement, piece);
    case 'give':
      return await orReport(run, statement, piece, () =>
        orLeaveOut(run, statement, piece, () => applyGrant(run, statement, piece)),
      );
    default:
      if (await belongsToLonely(run, statement)) return;
      run.naming?.take(statement, words);
      // Outside of the savepoint that may be rolled back for this statement.
      for (const extension of extensionsNamed(words, run.bounds))
        await run.request.onNeed?.(extension);
      if (piece.kind === 'statement') {
        const whole = { ...piece, words };
        await orReport(run, statement, piece, () =>
          orLeaveOut(run, statement, whole, () => runStatement(run, statement, whole)),
        );
        return noteUnmade(run, statement, words);
      }
  }
  if (piece.kind !== 'copy' || statement.kind !== 'copy') return;
  const table = named(statement.table);
  if (isLeftOut(run, table)) return;
  const doing = { object: described(statement, words), schema: run.request.schemas[0] };
  await loosen(run);
  const rows = await copyTable(run, piece, { table, columns: statement.columns, doing }).catch(
    (error: unknown) => {
      throw refusedRows(error, run.request.loosen, run.generated.has(shown(table)));
    },
  );
  run.copied.push({ ...table, rows });
  run.request.onTable(table);
};

/** Resets the settings of the backup's SQL, so that later statements do not depend on them. */
const SETTLE = `SET client_encoding = 'UTF8'; SET standard_conforming_strings = on; SET search_path = ${SAFE_PATH}; RESET ROLE;
  SET row_security = off`;

/**
 * @throws StatementRefused, DumpUnreadable, RestoreInterrupted, LockTimeout, PermissionMissing, or the error of reading the
 * backup's SQL
 */
export const loadText = async (client: pg.Client, request: TextRequest): Promise<ExecutedText> => {
  const { tenancy, schemas } = request;
  const run = await beginRun(client, request);
  nothingMade(run);
  const before = tenancy ? await reachesOf(client, schemas) : new Map();
  for await (const piece of readStatements(request.text)) {
    request.signal.throwIfAborted();
    await take(run, piece);
  }
  await client.query(SETTLE);
  await tighten(run);
  if (!request.intoLive) await refuseAttached(run);
  await setMultirangeOwners(run);
  await tellOtherGrantors(run);
  if (tenancy) {
    const known = tenancy.outside.map(({ kind, name }) => `${kind} ${name}`);
    await refuseReaches(client, schemas, new Set([...known, ...before.keys()]));
    await settleRights(run);
  }
  return {
    copied: run.copied,
    foreignKeys: run.keys,
    unfinished: run.unfinished,
    alone: run.alone,
    leftOutObjects: run.leftOutObjects,
    leftOut: [
      ...run.leftOut,
      ...run.ownerless.values(),
      ...run.access.list(),
      ...(request.owners === 'drop'
        ? [{ what: 'all owners and grants', why: 'as requested' }]
        : []),
    ],
    accessLost: run.access.reasons,
    warnings: [...exposedWarnings(run), ...(await unknownBindings(client, request.bindings))],
    namingLive: run.naming?.list() ?? [],
  };
};
