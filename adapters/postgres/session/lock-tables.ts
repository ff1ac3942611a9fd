import pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import { LockTimeout, SchemaInMotion } from '../../../core/errors/schema.ts';
import { membersIn, NAMED_SCHEMAS } from '../catalog/schema-members.ts';
import { qualified } from '../sql/identifiers.ts';
import { atOnce } from './pipelined-reads.ts';
import { holdStatement, isHeld, type Relation } from './relation-locks.ts';
import { queryFailure } from './server-errors.ts';

/**
 * Locks a project's tables and sequences before the snapshot is taken. In a repeatable-read transaction LOCK TABLE takes no snapshot, and
 * neither does PREPARE, so what the snapshot then shows is what was locked (https://www.postgresql.org/docs/current/sql-lock.html). What
 * came or went between listing and snapshot makes it start again, and so does a name that was another relation's when it was locked.
 */
interface Lockable extends Relation {
  readonly sequence: boolean;
}

/** What pg_dump itself would lock, plain and partitioned tables, and what it reads by name besides. */
const listing = (held: string): string => `
  SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name, c.relkind = 'S' AS sequence, ${held} AS held
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = ANY (ARRAY(${membersIn('pg_class', NAMED_SCHEMAS)})) AND c.relkind IN ('r', 'p', 'S')
  ORDER BY c.oid`;

const LISTING = listing('false');
const LOCKED = listing(isHeld('c.oid', 'n.nspname', 'c.relname'));

const readListing = async (
  client: pg.Client,
  sql: string,
  schemas: readonly string[],
): Promise<(Lockable & { readonly held: boolean })[]> =>
  (await client.query<Lockable & { readonly held: boolean }>(sql, [schemas])).rows;

/**
 * Who holds a table so that nobody may read it. The age is only seen by members of pg_read_all_stats. A prepared transaction holds its locks
 * without a backend, one on its own number among them (https://www.postgresql.org/docs/current/view-pg-locks.html).
 */
const BLOCKER = `
  SELECT l.pid, p.gid, pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - COALESCE(p.prepared, a.query_start)) AS seconds
  FROM pg_catalog.pg_locks l
  LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
  LEFT JOIN pg_catalog.pg_locks x
    ON l.pid IS NULL AND x.pid IS NULL AND x.locktype = 'transactionid' AND x.virtualtransaction = l.virtualtransaction
  LEFT JOIN pg_catalog.pg_prepared_xacts p ON p.transaction = x.transactionid
  WHERE l.locktype = 'relation' AND l.relation = $1::oid AND l.mode = 'AccessExclusiveLock'
  ORDER BY l.granted DESC
  LIMIT 1`;

const describeBlocker = async (observer: pg.Client, oid: string): Promise<string> => {
  interface Blocker {
    readonly pid: number | null;
    readonly gid: string | null;
    readonly seconds: number | null;
  }
  const blocker = (await observer.query<Blocker>(BLOCKER, [oid])).rows[0];
  if (!blocker) return 'the lock has been released since';
  const age = blocker.seconds?.toFixed(0);
  if (blocker.pid !== null) {
    const begun = age === undefined ? '' : `, whose query began ${age} s ago`;
    return `backend ${blocker.pid} holds or awaits an exclusive lock on it${begun}`;
  }
  if (blocker.gid === null) return 'a prepared transaction holds an exclusive lock on it';
  const ends = `COMMIT PREPARED or ROLLBACK PREPARED ${pg.escapeLiteral(blocker.gid)} ends it`;
  return `prepared transaction ${quoted(blocker.gid)}${age === undefined ? '' : ` of ${age} s ago`} holds an exclusive lock on it; ${ends}`;
};

/** Names in one statement, which is in the server's log where it fails. */
const AT_ONCE = 200;
/** The shortest lock_timeout that the server accepts; 0 would mean no limit. */
const NO_WAIT_MS = 1;

const inParts = <T>(all: readonly T[], statementFor: (some: readonly T[]) => string): string[] =>
  Array.from({ length: Math.ceil(all.length / AT_ONCE) }, (_, i) =>
    statementFor(all.slice(i * AT_ONCE, (i + 1) * AT_ONCE)),
  );

const lockStatement = (tables: readonly Relation[], more = ''): string =>
  `LOCK TABLE ${tables.map(({ schema, name }) => `ONLY ${qualified(schema, name)}`).join(', ')} IN ACCESS SHARE MODE${more}`;

/**
 * Takes all locks without waiting for any, as is nearly always possible: false where one of them could not be had, and none is held then.
 * Why it could not is for those who take them one by one. The savepoint must be gone at the end: no snapshot is exported from a
 * subtransaction.
 */
const lockWithoutWaiting = async (
  client: pg.Client,
  relations: readonly Lockable[],
  timeoutMs: number,
): Promise<boolean> => {
  const [tables, sequences] = [false, true].map((kind) =>
    relations.filter(({ sequence }) => sequence === kind),
  );
  const statements = [
    'SAVEPOINT locks',
    ...inParts(tables ?? [], (some) => lockStatement(some, ' NOWAIT')),
    // PREPARE knows no NOWAIT.
    ...(sequences?.length ? [`SET LOCAL lock_timeout = ${NO_WAIT_MS}`] : []),
    ...inParts(sequences ?? [], holdStatement),
    ...(sequences?.length ? [`SET LOCAL lock_timeout = ${timeoutMs}`] : []),
    'RELEASE SAVEPOINT locks',
  ];
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
  relations: readonly Lockable[],
  timeoutMs: number,
): Promise<void> => {
  for (const relation of relations) {
    const { oid, schema, name, sequence } = relation;
    const kind = sequence ? 'sequence' : 'table';
    try {
      await client.query(sequence ? holdStatement([relation]) : lockStatement([relation]));
    } catch (error) {
      const code = (error as { code?: string }).code;
      if (code === '55P03') {
        const what = `${sequence ? 'Sequence' : 'Table'} ${quoted(name)}`;
        throw new LockTimeout(name, timeoutMs, await describeBlocker(observer, oid), what);
      }
      // Dropped or renamed since it was listed.
      if (code === '42P01' || code === '3F000') throw new SchemaInMotion(schema);
      throw queryFailure(error, `locking ${kind} ${quoted(name)}`);
    }
  }
};

const TRIES = 3;

/**
 * Leaves `client` inside a read-only transaction that holds every table and sequence and has its snapshot.
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
      const listed = await readListing(observer, LISTING, schemas);
      await client.query(
        `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL lock_timeout = ${timeoutMs}`,
      );
      if (!(await lockWithoutWaiting(client, listed, timeoutMs)))
        await lockOneByOne(client, observer, listed, timeoutMs);
      const seen = await readListing(client, LOCKED, schemas);
      const same =
        seen.length === listed.length &&
        seen.every(({ oid, held }, i) => held && oid === listed[i]?.oid);
      if (same) return;
      throw new SchemaInMotion(schemas.join(', '));
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      if (!(error instanceof SchemaInMotion) || attempt === TRIES) throw error;
    }
  }
};
