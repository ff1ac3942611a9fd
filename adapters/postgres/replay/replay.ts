import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import type { Loosening } from '../../../core/errors/restore.ts';
import type { Manifest } from '../../../core/manifest.ts';
import type { NamesLive, OnConflict, TableName } from '../../../core/restore.ts';
import { written } from '../catalog/extension-objects.ts';
import { reachesOf, refuseReaches } from '../preflight/outside-reach.ts';
import { described, shown } from '../sql/describe-statement.ts';
import { qualified } from '../sql/identifiers.ts';
import { extensionsNamed, madeBy } from '../sql/kinds/changed-object.ts';
import { allWords, keyDefinition, mayInherit } from '../sql/kinds/clauses.ts';
import { constraintComment, isLabel } from '../sql/kinds/comments.ts';
import { type Meaning, meaningOf } from '../sql/kinds/statement-kind.ts';
import { type Piece, readStatements } from '../sql/split-statements.ts';
import type { Word } from '../sql/statement-words.ts';
import { give } from './access/apply-grants.ts';
import { settleRights } from './access/definer-rights.ts';
import { tellOtherGrantors } from './access/grantors.ts';
import { giveMultiranges } from './access/multirange-owners.ts';
import { ownerOf, SAFE_PATH } from './access/role-switch.ts';
import { labelOrLeaveOut } from './access/security-labels.ts';
import { readExtensionParts } from './extension-parts.ts';
import { loosen, tighten } from './loosen-checks.ts';
import { type Sender, sendBound } from './operators/bind-operators.ts';
import type { BindingPlan } from './operators/binding-plan.ts';
import { unknownBindings } from './operators/unknown-bindings.ts';
import { belongsToLonely, detachedRule, leaveParents, refuseAttached } from './outside-parents.ts';
import { orTold } from './row-conflicts.ts';
import { beginRun, named, type Run } from './run-state.ts';
import { decide, keyOf } from './statement-policy.ts';
import { exposedWarnings } from './tenant-code/confine.ts';
import { copyTable } from './tenant-code/copy-table.ts';
import { executeDefinition } from './tenant-code/execute.ts';
import { nothingMade } from './tenant-code/known-code.ts';
import { refusedRows, type Unfinished } from './unfinished-objects.ts';

/**
 * Executes the SQL of a backup in the caller's transaction, under the backup's own schema names: of each statement it is known
 * what it means, and only what pg_dump writes for these schemas is sent. Nothing here renames, counts or commits.
 */
export interface TextRequest {
  readonly text: AsyncIterable<Buffer>;
  /** The backup's schemas. Nothing outside of them is made or changed. */
  readonly schemas: readonly string[];
  /** Names of the manifest's extensions: those in the database are left as they are, others may be created. */
  readonly extensions: readonly string[];
  /** Under `drop` nobody is given or granted anything: all is the session's. */
  readonly owners: 'keep' | 'drop';
  /** Code of the backup may run with the restore role's rights, where nobody else is there whom it could be restricted to. */
  readonly acceptOwnCode?: boolean;
  /** Roles that nothing can be given to, beside those that the server does not have. */
  readonly missingRoles: readonly string[];
  /** The schemas are there and in use: they are neither made nor given to anybody. */
  readonly intoLive?: boolean;
  /** What the backup may name beside itself, by its manifest; absent on a server where nobody else is. */
  readonly tenancy?: Pick<Manifest, 'roles' | 'outside' | 'extensions'>;
  /** Which operators the backup's objects are bound to. */
  readonly bindings?: BindingPlan;
  /** Tables and sequences of extensions: their rows and values are left out, whether they are there or not. Absent: none are. */
  readonly withoutRowsOf?: Manifest['extensionRows'];
  readonly lockTimeoutMs?: number;
  /** Called once a schema of the backup has been made, before anything is in it. */
  readonly onSchema?: (schema: string) => Promise<void>;
  /** Under `report` what can't be brought back for its rows or definition is told, and the transaction goes on. Absent: it ends. */
  readonly onConflict?: OnConflict;
  /** Partitions that were being detached: they are not attached. */
  readonly detached?: readonly TableName[];
  /** Checks that are taken away before the rows and given back behind them. */
  readonly loosen?: Loosening;
  /** Schemas that get another name: what of the text names them in string constants is told. */
  readonly renamed?: readonly string[];
  /** Called before a statement that names a part of an extension of the backup's schemas, which was there before. */
  readonly onNeed?: (extension: string) => Promise<void>;
  /** Called once the rows of a table are there. */
  readonly onTable: (table: TableName) => void;
  readonly signal: AbortSignal;
}

/** A constraint to a table outside the backup's schemas. */
export interface TextForeignKey {
  /** Under the backup's own schema name. */
  readonly table: TableName;
  readonly name: string;
  /** False for a partitioned table, whose partitions get the key as well. */
  readonly only: boolean;
  /** What stands behind the constraint's name: `FOREIGN KEY (a) REFERENCES s.t(b) ...` */
  readonly definition: string;
  /** False where the source itself had never validated it. */
  readonly valid: boolean;
  readonly comment?: string;
}

export interface ExecutedText {
  /** Tables that had rows copied into them, with their number as the server gave it. */
  readonly copied: readonly (TableName & { readonly rows: number })[];
  readonly foreignKeys: readonly TextForeignKey[];
  /** What was in the text and was not executed, with the reason: `what` as a person would name it. */
  readonly leftOut: readonly { readonly what: string; readonly why: string }[];
  /** Under `report`: what is not as it was. */
  readonly unfinished: readonly Unfinished[];
  /** Partitions that were not attached to their parents, which are outside. */
  readonly alone: readonly TableName[];
  /** True where an owner or a grant was left out that was asked for. */
  readonly accessLost: boolean;
  readonly warnings: readonly string[];
  readonly namingLive: readonly NamesLive[];
}

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
