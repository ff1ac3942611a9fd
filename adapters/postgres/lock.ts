import pg from 'pg';
import { LockTimeout, SchemaInMotion } from '../../core/errors/schema.ts';
import { atOnce } from './at-once.ts';
import { queryFailure } from './failures.ts';
import { qualified } from './names.ts';

/**
 * Locks a project's tables before the snapshot is taken. In a repeatable-read transaction LOCK TABLE takes no snapshot,
 * so what the snapshot then shows is what was locked (https://www.postgresql.org/docs/current/sql-lock.html). Tables
 * that came or went between listing and snapshot make it start again.
 */
interface TableName {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
}

/** What pg_dump itself would lock: plain and partitioned tables. */
const LISTING = `
  SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p')
  ORDER BY c.oid`;

const tablesOf = async (client: pg.Client, schemas: readonly string[]): Promise<TableName[]> =>
  (await client.query<TableName>(LISTING, [schemas])).rows;

/** Who holds a table so that nobody may read it. The age is only seen by members of pg_read_all_stats. */
const BLOCKER = `
  SELECT l.pid, pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.query_start) AS seconds
  FROM pg_catalog.pg_locks l
  LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
  WHERE l.locktype = 'relation' AND l.relation = $1::oid AND l.mode = 'AccessExclusiveLock'
  ORDER BY l.granted DESC
  LIMIT 1`;

const describeBlocker = async (observer: pg.Client, oid: string): Promise<string> => {
  const found = await observer.query<{ pid: number; seconds: number | null }>(BLOCKER, [oid]);
  const blocker = found.rows[0];
  if (!blocker) return 'who held it has let go since';
  const age =
    blocker.seconds === null ? '' : `, whose query began ${blocker.seconds.toFixed(0)} s ago`;
  return `backend ${blocker.pid} holds or awaits an exclusive lock on it${age}`;
};

/** Names in one LOCK statement, which is in the server's log where it fails. */
const AT_ONCE = 200;

/**
 * Takes all locks without waiting for any, as is nearly always possible: false where one of them could not be had, and none is held then.
 * Why it could not is for those who take them one by one. The savepoint must be gone at the end: no snapshot is exported from a
 * subtransaction.
 */
const lockWithoutWaiting = async (
  client: pg.Client,
  tables: readonly TableName[],
): Promise<boolean> => {
  const names = tables.map(({ schema, name }) => `ONLY ${qualified(schema, name)}`);
  const statements = ['SAVEPOINT locks'];
  for (let from = 0; from < names.length; from += AT_ONCE) {
    const some = names.slice(from, from + AT_ONCE).join(', ');
    statements.push(`LOCK TABLE ${some} IN ACCESS SHARE MODE NOWAIT`);
  }
  statements.push('RELEASE SAVEPOINT locks');
  try {
    await atOnce(client, ...statements.map((sql) => () => client.query(sql)));
    return true;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw queryFailure(error, 'locking the tables');
    await client.query('ROLLBACK TO SAVEPOINT locks; RELEASE SAVEPOINT locks');
    return false;
  }
};

const lockOneByOne = async (
  client: pg.Client,
  observer: pg.Client,
  tables: readonly TableName[],
  timeoutMs: number,
): Promise<void> => {
  for (const { oid, schema, name } of tables) {
    try {
      await client.query(`LOCK TABLE ONLY ${qualified(schema, name)} IN ACCESS SHARE MODE`);
    } catch (error) {
      const code = (error as { code?: string }).code;
      if (code === '55P03')
        throw new LockTimeout(name, timeoutMs, await describeBlocker(observer, oid));
      // Dropped or renamed since it was listed.
      if (code === '42P01') throw new SchemaInMotion(schema);
      throw queryFailure(error, `locking table ${JSON.stringify(name)}`);
    }
  }
};

const TRIES = 3;

/**
 * Leaves `client` inside a read-only transaction that holds every table and has its snapshot.
 * @throws LockTimeout, SchemaInMotion, PermissionMissing
 */
export const beginLocked = async (
  client: pg.Client,
  observer: pg.Client,
  schemas: readonly string[],
  timeoutMs: number,
): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const tables = await tablesOf(observer, schemas);
      await client.query(
        `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL lock_timeout = ${timeoutMs}`,
      );
      if (!(await lockWithoutWaiting(client, tables)))
        await lockOneByOne(client, observer, tables, timeoutMs);
      const seen = await tablesOf(client, schemas);
      const same =
        seen.length === tables.length && seen.every((table, i) => table.oid === tables[i]?.oid);
      if (same) return;
      throw new SchemaInMotion(schemas.join(', '));
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      if (!(error instanceof SchemaInMotion) || attempt === TRIES) throw error;
    }
  }
};
