import { RestoreRefused } from '../../../core/errors/restore.ts';
import type { TableName } from '../../../core/restore.ts';
import { indexesIn, membersIn, NAMED_SCHEMAS } from '../catalog/schema-members.ts';
import { shown } from '../sql/describe-statement.ts';
import { qualified } from '../sql/identifiers.ts';
import type { StatementKind } from '../sql/kinds/statement-kind.ts';
import { named, type Run } from './run-state.ts';
import type { Decision } from './statement-policy.ts';

/**
 * Tables that inherit from tables outside, or are partitions of them: the rows of a copy must not appear among those of the original.
 */
const PARENTS = `
  SELECT pn.nspname AS schema, p.relname AS name
  FROM pg_catalog.pg_inherits i
  JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class p ON p.oid = i.inhparent JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
  WHERE n.nspname = $1 AND c.relname = $2`;

/** A copy that inherits from a table outside would show its rows in that table, beside the original's. */
export const leaveParents = async (run: Run, { schema, name }: TableName): Promise<void> => {
  const { client, bounds } = run;
  const parents = (await client.query<TableName>(PARENTS, [schema, name])).rows;
  for (const parent of parents) {
    if (bounds.made.has(shown(parent))) continue;
    const child = qualified(schema, name);
    const from = qualified(parent.schema, parent.name);
    await client.query(`ALTER TABLE ONLY ${child} NO INHERIT ${from}`);
    run.leftOut.push({
      what: `${shown({ schema, name })} as a child of ${shown(parent)}`,
      why: 'the parent is outside the restored schemas and would show its rows twice; ALTER TABLE ... INHERIT makes it one again',
    });
  }
};

/**
 * A partition whose DETACH CONCURRENTLY was pending: sessions no longer saw its rows in its parent, but pg_dump writes it attached.
 */
export const detachedRule = (
  { request }: Run,
  statement: StatementKind,
): Extract<Decision, { readonly do: 'leave-out' }> | undefined => {
  if (statement.kind !== 'attach-partition') return undefined;
  const { child, parent } = statement;
  const isDetached = request.detached?.some(
    ({ schema, name }) => schema === child.schema && name === child.name,
  );
  if (!isDetached) return undefined;
  return {
    do: 'leave-out',
    what: `${shown(child)} as a partition of ${shown(parent)}`,
    why: 'its DETACH CONCURRENTLY was pending, so the parent did not show its rows any more; keys and triggers of the parent are left out too',
  };
};

const OF_TABLE = `
  SELECT n.nspname AS schema, t.relname AS name
  FROM pg_catalog.pg_class i JOIN pg_catalog.pg_namespace n ON n.oid = i.relnamespace
  JOIN pg_catalog.pg_index x ON x.indexrelid = i.oid JOIN pg_catalog.pg_class t ON t.oid = x.indrelid
  WHERE n.nspname = $1 AND i.relname = $2`;

/**
 * True for the index of a partition that is not attached to its parent: it is not attached to the parent's
 * index either.
 */
export const belongsToLonely = async (
  { client, alone }: Run,
  statement: StatementKind,
): Promise<boolean> => {
  if (statement.kind !== 'attach-index' || !alone.length) return false;
  const { schema, name } = named(statement.child);
  const [table] = (await client.query<TableName>(OF_TABLE, [schema, name])).rows;
  return alone.some((one) => one.schema === table?.schema && one.name === table.name);
};

const STILL_ATTACHED = `
  SELECT n.nspname AS schema, c.relname AS name
  FROM pg_catalog.pg_inherits i
  JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class p ON p.oid = i.inhparent JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
  WHERE i.inhrelid = ANY (ARRAY(${membersIn('pg_class', NAMED_SCHEMAS)} UNION ALL ${indexesIn(NAMED_SCHEMAS)})) AND pn.nspname <> ALL ($1)`;

/** Refuses a copy whose rows appear in a table outside the restore, however that happened. */
export const refuseAttached = async ({ client, request }: Run): Promise<void> => {
  const found = await client.query<TableName>(STILL_ATTACHED, [request.schemas]);
  const [attached] = found.rows;
  if (attached) {
    throw new RestoreRefused([
      `Table ${shown(attached)} would be a part of a table outside the backup's schemas.`,
    ]);
  }
};
