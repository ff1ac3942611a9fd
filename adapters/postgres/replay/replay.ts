import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import { written } from '../catalog/extension-objects.ts';
import { described, shown } from '../sql/describe-statement.ts';
import { qualified } from '../sql/identifiers.ts';
import { madeBy } from '../sql/kinds/changed-object.ts';
import { allWords, keyDefinition, mayInherit } from '../sql/kinds/clauses.ts';
import { constraintComment, isLabel } from '../sql/kinds/comments.ts';
import { meaningOf } from '../sql/kinds/read-statement-kind.ts';
import type { Meaning } from '../sql/kinds/statement-kind.ts';
import { type Piece, readStatements } from '../sql/split-statements.ts';
import type { Word } from '../sql/statement-words.ts';
import { give } from './access/apply-grants.ts';
import { settleRights } from './access/definer-rights.ts';
import { tellOtherGrantors } from './access/grantors.ts';
import { giveMultiranges } from './access/multirange-owners.ts';
import { ownerOf, SAFE_PATH } from './access/role-switch.ts';
import { labelOrLeaveOut } from './access/security-labels.ts';
import { extensionsNamed, readExtensionParts } from './extension-parts.ts';
import { loosen, tighten } from './loosen-checks.ts';
import { type Sender, sendBound } from './operators/bind-operators.ts';
import { unknownBindings } from './operators/unknown-bindings.ts';
import { belongsToLonely, detachedRule, leaveParents, refuseAttached } from './outside-parents.ts';
import { reachesOf, refuseReaches } from './outside-reach.ts';
import { orTold } from './row-conflicts.ts';
import { beginRun, named, type Run } from './run-state.ts';
import { decide, keyOf } from './statement-policy.ts';
import { exposedWarnings } from './tenant-code/confine.ts';
import { copyTable } from './tenant-code/copy-table.ts';
import { executeDefinition } from './tenant-code/execute.ts';
import { nothingMade } from './tenant-code/known-code.ts';
import type { ExecutedText, TextRequest } from './text-request.ts';
import { refusedRows } from './unfinished-objects.ts';

/**
 * Executes the SQL of a backup in the caller's transaction, under the backup's own schema names: of each statement it is known
 * what it means, and only what pg_dump writes for these schemas is sent. Nothing here renames, counts or commits.
 */
const keepForLater = (run: Run, meaning: Meaning, { text, words }: Piece): void => {
  if (meaning.kind === 'foreign-key') {
    run.bounds.kept.add(keyOf(meaning.table, meaning.constraint));
    run.keys.push({
      table: named(meaning.table),
      name: meaning.constraint,
      only: meaning.only,
      definition: keyDefinition(text, words, meaning),
      valid: !meaning.notValid,
    });
  }
  if (meaning.kind !== 'comment-on-constraint') return;
  const wanted = keyOf(meaning.table, meaning.constraint);
  const at = run.keys.findIndex(({ table, name }) => keyOf(table, name) === wanted);
  const key = run.keys[at];
  const comment = constraintComment(meaning, words);
  if (key && comment !== undefined) run.keys[at] = { ...key, comment };
};

/**
 * A view is filled as its owner, whom policies may keep from rows, where they are forced on the owner too: pg_dump's `row_security = off` would
 * make an error of that, where whoever refreshed the view at home got the rows that the owner may see.
 */
const asPoliciesLet = async (client: pg.Client, execute: () => Promise<void>): Promise<void> => {
  await client.query('SET LOCAL row_security = on');
  await execute();
  await client.query('SET LOCAL row_security = off');
};

/** What a statement did not make that was to: what comes after it for such an object is about nothing, or about a live one. */
const noteUnmade = ({ bounds }: Run, meaning: Meaning, words: readonly Word[]): void => {
  for (const one of madeBy(meaning, words))
    if (!bounds.made.has(shown(one))) bounds.unmade.add(shown(one));
};

/** An extension that the text itself has made: rows of its configuration tables may come back. */
const noteParts = async (run: Run, name: string): Promise<void> => {
  const inside = run.request.tenancy?.extensions.filter((one) => one.name === name) ?? [];
  for (const part of await readExtensionParts(run.client, inside)) run.bounds.made.add(shown(part));
};

const runStatement = async (run: Run, meaning: Meaning, piece: Piece): Promise<void> => {
  const { client, request, bounds } = run;
  const { words } = piece;
  const doing = {
    object: described(meaning, words),
    schema: request.schemas[0],
    ...(request.lockTimeoutMs !== undefined && { lockTimeoutMs: request.lockTimeoutMs }),
  };
  if (meaning.kind === 'setting' && meaning.name === 'default_tablespace') {
    const [tablespace = ''] = meaning.values;
    if (tablespace && !run.tablespaces.has(tablespace)) {
      run.leftOut.push({
        what: `tablespace ${quoted(tablespace)}`,
        why: 'the server has none of the name: its tables are in the default one',
      });
      await client.query(`SET default_tablespace = ''`);
      return;
    }
  }
  const execute = (how?: Sender) =>
    sendBound({ client, plan: request.bindings, ...(how && { how }) }, meaning, piece, doing);
  if (meaning.kind === 'refresh') {
    if (request.tenancy) await ownerOf(run, { ...named(meaning.view), what: 'table' });
    await asPoliciesLet(client, execute);
  } else if (meaning.kind === 'other' && isLabel(words)) await labelOrLeaveOut(run, words, execute);
  else await executeDefinition(run, meaning, words, execute);
  if (meaning.kind === 'setting') run.settings.set(meaning.name, meaning.values.join());
  if (meaning.kind === 'create-schema') await request.onSchema?.(meaning.schema);
  if (meaning.kind === 'create-extension') await noteParts(run, meaning.extension);
  for (const made of madeBy(meaning, words)) bounds.made.add(shown(named(made)));
  if (meaning.kind === 'create' && meaning.what.endsWith('table') && mayInherit(words))
    await leaveParents(run, named({ schema: meaning.schema, name: meaning.name }));
};

/** The extension whose table's rows, or whose sequence's value, this is and is not wanted. */
const extensionOf = ({ request }: Run, meaning: Meaning): string | undefined =>
  request.withoutRowsOf?.find(({ schema, name }) =>
    meaning.kind === 'copy'
      ? meaning.table.schema === schema && meaning.table.name === name
      : meaning.kind === 'sequence-value' &&
        [`${written(schema)}.${written(name)}`, qualified(schema, name)].includes(meaning.text),
  )?.extension;

/** Clauses of these may stand anywhere in them. */
const READ_WHOLE = ['create', 'alter', 'attach-partition'];

const take = async (run: Run, piece: Piece): Promise<void> => {
  const meaning = meaningOf(piece.words);
  if (meaning.kind === 'session-authorization') run.grantor = meaning.role;
  const extension = extensionOf(run, meaning);
  if (extension !== undefined) {
    run.leftOut.push({
      what: described(meaning, piece.words),
      why: `it belongs to extension ${quoted(extension)}, which has its definition`,
    });
    return;
  }
  const escapes = /^off$/i.test(run.settings.get('standard_conforming_strings') ?? '');
  const words = READ_WHOLE.includes(meaning.kind) ? allWords(piece, escapes) : piece.words;
  const decision = detachedRule(run, meaning) ?? decide(meaning, words, run.bounds);
  switch (decision.do) {
    case 'pass':
      return;
    case 'leave-out':
      if (meaning.kind === 'attach-partition') run.alone.push(named(meaning.child));
      run.leftOut.push({ what: decision.what, why: decision.why });
      return;
    case 'keep-for-later':
      return keepForLater(run, meaning, piece);
    case 'give':
      return await orTold(run, meaning, piece, () => give(run, meaning, piece));
    default:
      if (await belongsToLonely(run, meaning)) return;
      run.naming?.take(meaning, words);
      // Outside of what may be undone for the statement's sake.
      for (const extension of extensionsNamed(words, run.bounds))
        await run.request.onNeed?.(extension);
      if (piece.kind === 'statement') {
        const whole = { ...piece, words };
        await orTold(run, meaning, piece, () => runStatement(run, meaning, whole));
        return noteUnmade(run, meaning, words);
      }
  }
  if (piece.kind !== 'copy' || meaning.kind !== 'copy') return;
  const table = named(meaning.table);
  const doing = { object: described(meaning, words), schema: run.request.schemas[0] };
  await loosen(run);
  const rows = await copyTable(run, piece, { table, columns: meaning.columns, doing }).catch(
    (error: unknown) => {
      throw refusedRows(error, run.request.loosen);
    },
  );
  run.copied.push({ ...table, rows });
  run.request.onTable(table);
};

/** The text sets what it needs; what comes after it must not depend on it. */
const SETTLE = `SET client_encoding = 'UTF8'; SET standard_conforming_strings = on; SET search_path = ${SAFE_PATH}; RESET ROLE;
  SET row_security = off`;

/** @throws StatementRefused, DumpUnreadable, RestoreInterrupted, LockTimeout, PermissionMissing, or the text's own error */
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
  await giveMultiranges(run);
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
    leftOut: [
      ...run.leftOut,
      ...run.ownerless.values(),
      ...run.access.list(),
      ...(request.owners === 'drop'
        ? [{ what: 'all owners and grants', why: 'as was asked for' }]
        : []),
    ],
    accessLost: !run.access.isEmpty,
    warnings: [...exposedWarnings(run), ...(await unknownBindings(client, request.bindings))],
    namingLive: run.naming?.list() ?? [],
  };
};
