import { StatementRefused } from '../../../../core/errors/restore.ts';
import { tableKey } from '../../../../core/manifest.ts';
import type { TableName } from '../../../../core/restore.ts';
import { shown } from '../../sql/describe-statement.ts';
import type { Piece } from '../../sql/split-statements.ts';
import {
  asOwner,
  isFresh,
  type OwnerFacts,
  ownerOf,
  readOwnerFacts,
} from '../access/role-switch.ts';
import type { GeneratedColumn } from '../generated-columns.ts';
import { insertComputable } from '../load-computable.ts';
import type { Run } from '../run-state.ts';
import { copyRows, send } from '../send.ts';
import type { Doing } from '../statement-errors.ts';
import { confinedRole } from './confine.ts';
import { forget, tenantCodeOf } from './known-code.ts';
import { NO_CODE } from './read-tenant-code.ts';
import { runRestricted } from './security-restricted.ts';
import { settleBeforeCode } from './settle-before-code.ts';
import { copyStaged } from './staged-copy.ts';

interface Rows {
  readonly table: TableName;
  readonly columns: readonly string[];
  readonly doing: Doing;
}

/**
 * Code that is evaluated for the rows. Defaults count only if a row does not give all columns; pg_dump's rows
 * do.
 */
const codeForRows = async (
  run: Run,
  { schema, name }: TableName,
  given: readonly string[],
  found: OwnerFacts,
): Promise<readonly string[]> => {
  const { relations } = await tenantCodeOf(run, 'rows');
  const { rows, defaults } = relations.get(tableKey(schema, name)) ?? NO_CODE;
  const isWhole = !given.length || given.length >= found.columns;
  return isWhole ? rows : [...rows, ...defaults];
};

/**
 * The restored foreign table has the same server and options as the live one. pg_dump writes no rows of a foreign table, but it writes some rows
 * for a partitioned table's root (see catalog/rehashed-partitions.ts), which PostgreSQL then divides over its partitions anew.
 */
const throughForeign = ({ object }: Doing, name: string): StatementRefused =>
  new StatementRefused(
    object,
    `its rows could be written through the foreign table ${name} to another server, where the live table has its rows. Detach that partition at the source and take a new backup, or restore this one by hand`,
  );

interface Staging extends Rows {
  readonly tainted: readonly string[];
  readonly reader: string | undefined;
  /** Runs a statement as the role that may evaluate its code. */
  readonly execute: (sql: string) => Promise<void>;
  /** Alters the table. */
  readonly alter: (sql: string) => Promise<void>;
}

const copyThroughStaging = async (
  run: Run,
  piece: Extract<Piece, { readonly kind: 'copy' }>,
  { execute, alter, ...staging }: Staging,
): Promise<number> => {
  const columns = computedIn(run, staging.table);
  return await copyStaged(run, piece, {
    ...staging,
    insert: (sql) =>
      insertComputable(run, {
        table: staging.table,
        columns,
        insert: () => execute(sql),
        alter,
      }),
  });
};

/** Generated columns that must not refuse its rows. */
const computedIn = ({ request, generated }: Run, table: TableName): readonly GeneratedColumn[] =>
  request.loosen === 'generated-columns' ? (generated.get(shown(table)) ?? []) : [];

/**
 * Loads a table's rows: by COPY as its owner, frozen if the transaction has created the table; through a staging table
 * if the table evaluates tenant code, or has generated columns that may not be computable.
 * @returns the number of rows
 */
export const copyTable = async (
  run: Run,
  piece: Extract<Piece, { readonly kind: 'copy' }>,
  rows: Rows,
): Promise<number> => {
  const { table, columns, doing } = rows;
  const { client, request, rowRoom: room } = run;
  const one = { ...table, what: 'table' } as const;
  const found = request.tenancy ? await readOwnerFacts(client, one) : undefined;
  if (found?.foreign) throw throughForeign(doing, found.foreign);
  const frozen = found !== undefined && isFresh(run, table, found);
  const code = found ? await codeForRows(run, table, columns, found) : [];
  if (code.length) {
    const evaluated = { what: `table ${shown(table)}`, code };
    const role = await confinedRole(run, one, evaluated, found);
    if (role !== undefined) {
      await settleBeforeCode(run);
      const tainted = (await tenantCodeOf(run, 'rows')).types.map(({ oid }) => oid);
      const place = { schema: table.schema, role };
      const execute = (sql: string) => runRestricted(client, place, sql, doing);
      const staging = { ...rows, tainted, reader: role, execute, alter: execute };
      const count = await copyThroughStaging(run, piece, staging);
      forget(run);
      return count;
    }
  }
  if (!computedIn(run, table).length)
    return await asOwner(run, one, found, () => copyRows(client, piece, doing, { frozen, room }));
  const standing = found && (await ownerOf(run, one, found));
  const alter = (sql: string) => send(client, Buffer.from(sql), doing);
  return await copyThroughStaging(run, piece, {
    ...rows,
    tainted: [],
    reader: standing?.owner,
    execute: (sql) => asOwner(run, one, standing, () => alter(sql)),
    alter,
  });
};
