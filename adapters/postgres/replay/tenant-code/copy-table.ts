import { tableKey } from '../../../../core/manifest.ts';
import type { TableName } from '../../../../core/restore.ts';
import { shown } from '../../sql/describe-statement.ts';
import type { Piece } from '../../sql/split-statements.ts';
import { asOwner, isFresh, type OwnerFacts, readOwnerFacts } from '../access/role-switch.ts';
import type { Run } from '../run-state.ts';
import { copyRows } from '../send.ts';
import type { Doing } from '../statement-errors.ts';
import { confinedRole } from './confine.ts';
import { forget, tenantCodeOf } from './known-code.ts';
import { NO_CODE } from './read-tenant-code.ts';
import { settleBeforeCode } from './settle-before-code.ts';
import { copyStaged } from './staged-copy.ts';

interface Rows {
  readonly table: TableName;
  readonly columns: readonly string[];
  readonly doing: Doing;
}

/** Code that is evaluated for the rows; defaults only where a row does not give all columns, as pg_dump's do. */
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
 * Loads a table's rows: by COPY as its owner, frozen if the transaction has created the table; through a staging table
 * if the table evaluates tenant code.
 * @returns the number of rows
 */
export const copyTable = async (
  run: Run,
  piece: Extract<Piece, { readonly kind: 'copy' }>,
  { table, columns, doing }: Rows,
): Promise<number> => {
  const { client, request, rowRoom: room } = run;
  const one = { ...table, what: 'table' } as const;
  const found = request.tenancy ? await readOwnerFacts(client, one) : undefined;
  const frozen = found !== undefined && isFresh(run, table, found);
  const code = found ? await codeForRows(run, table, columns, found) : [];
  if (code.length) {
    const evaluated = { what: `table ${shown(table)}`, code };
    const role = await confinedRole(run, one, evaluated, found);
    if (role !== undefined) {
      await settleBeforeCode(run);
      const tainted = (await tenantCodeOf(run, 'rows')).types.map(({ oid }) => oid);
      const rows = await copyStaged(run, piece, { table, columns, role, tainted, doing });
      forget(run);
      return rows;
    }
  }
  return await asOwner(run, one, found, () => copyRows(client, piece, doing, { frozen, room }));
};
