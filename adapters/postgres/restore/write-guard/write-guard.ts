import type pg from 'pg';
import { RestoreWroteOutside, type WrittenObject } from '../../../../core/errors/restore.ts';
import { FIRST_NORMAL_OID } from '../../catalog/outside-dependencies.ts';
import { readDeleted } from './catalog-deletions.ts';
import {
  FOLLOWING,
  objectOf,
  readCommitted,
  readWritten,
  rowKey,
  type WrittenRow,
} from './catalog-writes.ts';
import { readEventTriggerTargets } from './event-trigger-targets.ts';

/**
 * Checks before the COMMIT that a restore has changed no object that existed before. A change of a live object fails the restore and is
 * named, whether a statement or tenant code made it.
 *
 * Three sources show changes. Locks: a transaction that writes rows, sets a sequence or changes a table holds a lock on it until its end; the
 * object existed before if another session sees it. For rows, the transaction's statistics are read as well. Rows of system catalogs that
 * this transaction wrote must be equal to the old ones, or belong to the restored schemas. Large objects show in the transaction's
 * statistics only, and so do roles, which cannot be read.
 */
export interface WriteBounds {
  readonly client: pg.Client;
  /** Another session on the same database, outside of a transaction. */
  readonly observer: pg.Client;
  /** The backend of `client`. */
  readonly pid: number;
  /** The restored schemas, by their present names. */
  readonly schemas: readonly string[];
  /** The live schemas with the backup's names, as other sessions see them. */
  readonly live: readonly string[];
  /** The restored schemas existed before: new objects in them may stay, and nothing else in them may have changed. */
  readonly intoLive: boolean;
  /** Extensions that the database did not have before and the backup needs, with their schemas. */
  readonly created: readonly { readonly name: string; readonly schema: string }[];
  /** Extensions that were moved, which locked their parts, and have been returned. */
  readonly borrowed: readonly string[];
}

/** An index or a TOAST table counts as its table. The modes are those of writing rows, and of changing a table. */
const LOCKED = `
  SELECT DISTINCT c.oid::text AS oid, l.mode = 'RowExclusiveLock' AS "rowsOnly", c.relkind IN ('r', 'p', 'v', 'm') AS counted,
    CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'table' END AS kind,
    pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_catalog.pg_locks l
  JOIN pg_catalog.pg_class x ON x.oid = l.relation
  LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = x.oid LEFT JOIN pg_catalog.pg_class o ON o.reltoastrelid = x.oid
  JOIN pg_catalog.pg_class c ON c.oid = COALESCE(i.indrelid, o.oid, x.oid) JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE l.pid = $1 AND l.granted AND l.locktype = 'relation' AND l.relation >= ${FIRST_NORMAL_OID}::oid
    AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
    AND l.mode IN ('RowExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
    AND NOT (l.mode = 'AccessExclusiveLock' AND EXISTS (
      SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
        AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND e.extname = ANY ($2)))
  ORDER BY kind, name`;

interface Locked {
  readonly oid: string;
  /** The lock mode is that of writing rows; stronger modes change the object. */
  readonly rowsOnly: boolean;
  /** The server counts rows that are written to it. */
  readonly counted: boolean;
  readonly kind: string;
  readonly name: string;
}

/**
 * A rule or an SQL function that writes to a table locks the table when it is created. Only a superuser may switch the counting off; if it
 * is off, the lock is the only sign.
 */
const COUNTED = `
  SELECT r::text AS oid FROM pg_catalog.unnest($1::oid[]) AS r
  WHERE pg_catalog.current_setting('track_counts') <> 'on' OR pg_catalog.pg_stat_get_xact_tuples_inserted(r)
    + pg_catalog.pg_stat_get_xact_tuples_updated(r) + pg_catalog.pg_stat_get_xact_tuples_deleted(r) > 0`;

const readLocked = async ({
  client,
  observer,
  pid,
  borrowed,
}: WriteBounds): Promise<readonly Locked[]> => {
  const locked = (await observer.query<Locked>(LOCKED, [pid, borrowed])).rows;
  if (!locked.length) return [];
  const counted = await client.query<{ oid: string }>(COUNTED, [locked.map(({ oid }) => oid)]);
  const written = new Set(counted.rows.map(({ oid }) => oid));
  return locked.filter((one) => !one.rowsOnly || !one.counted || written.has(one.oid));
};

const XID = 'SELECT pg_catalog.pg_current_xact_id()::pg_catalog.xid::text AS xid';
const TRANSACTIONS = 'SELECT pg_catalog.age($1::text::pg_catalog.xid) AS transactions';

/** pg_toast and the session's own temporary schemas: their objects belong to others, or end with the session. */
const SCHEMAS = `
  SELECT n.oid::text AS oid, n.nspname AS name, n.nspname ~ '^pg_(toast|temp)' AS passing FROM pg_catalog.pg_namespace n
  WHERE n.nspname = ANY ($1) OR n.nspname ~ '^pg_(toast|temp)'`;

const MEMBERS = `
  SELECT d.classid::pg_catalog.regclass::text AS catalog, d.objid::text AS oid
  FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
  WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e' AND e.extname = ANY ($1)
  UNION ALL SELECT 'pg_extension', e.oid::text FROM pg_catalog.pg_extension e WHERE e.extname = ANY ($1)`;

/** Catalogs that no restore writes to, and whose rows cannot be named or read: these have the same OIDs everywhere. */
const UNREAD = {
  pg_largeobject: { oid: 2613, kind: 'large object', title: 'a large object' },
  pg_largeobject_metadata: { oid: 2995, kind: 'large object', title: 'a large object' },
  pg_authid: { oid: 1260, kind: 'role', title: 'a role' },
  pg_user_mapping: { oid: 1418, kind: 'user mapping', title: 'a user mapping' },
  pg_parameter_acl: { oid: 6243, kind: 'grant', title: 'a right on a setting' },
  pg_subscription: { oid: 6100, kind: 'subscription', title: 'a subscription' },
  pg_publication_namespace: { oid: 6237, kind: 'publication', title: 'a schema of a publication' },
  pg_shdescription: {
    oid: 2396,
    kind: 'comment',
    title: 'a comment of a database, a role or a tablespace',
  },
  pg_shseclabel: {
    oid: 3592,
    kind: 'security label',
    title: 'a security label of a database, a role or a tablespace',
  },
} as const;

const UNREAD_WRITTEN = `
  SELECT r::int AS oid FROM pg_catalog.unnest('{${Object.values(UNREAD).map(({ oid }) => oid)}}'::oid[]) AS r
  WHERE pg_catalog.pg_stat_get_xact_tuples_inserted(r) + pg_catalog.pg_stat_get_xact_tuples_updated(r)
    + pg_catalog.pg_stat_get_xact_tuples_deleted(r) > 0`;

const withoutNew = async (
  { client, schemas, created }: WriteBounds,
  rows: readonly WrittenRow[],
): Promise<readonly WrittenRow[]> => {
  const names = [...schemas, ...created.map(({ schema }) => schema)];
  interface Namespace {
    readonly oid: string;
  }
  const found = (await client.query<Namespace>(SCHEMAS, [names])).rows;
  const places = new Set(found.map(({ oid }) => oid));
  const members = await client.query<{ catalog: string; oid: string }>(MEMBERS, [
    created.map(({ name }) => name),
  ]);
  const brought = new Set(
    members.rows.map(({ catalog, oid }) => rowKey(catalog.replace('pg_catalog.', ''), oid)),
  );
  return rows.filter(({ catalog, oid, schema }) => {
    if (catalog === 'pg_namespace' && oid !== null && places.has(oid)) return false;
    return !places.has(schema) && !brought.has(rowKey(catalog, oid));
  });
};

/** Rows of system catalogs that have changed, or are new and outside of what a restore may create. */
const changedRows = async (bounds: WriteBounds): Promise<readonly WrittenObject[]> => {
  const { client, observer, schemas, intoLive } = bounds;
  const [own] = (await client.query<{ xid: string }>(XID)).rows;
  const [since] = (await observer.query<{ transactions: number }>(TRANSACTIONS, [own?.xid])).rows;
  const found = await client.query<{ oid: string; name: string; passing: boolean }>(SCHEMAS, [
    schemas,
  ]);
  const except = found.rows.filter(({ passing }) => passing || !intoLive);
  const rows = await readWritten(
    client,
    except.map(({ oid }) => oid),
    since?.transactions ?? 0,
  );
  if (!rows.length) return [];
  const before = await readCommitted(observer, rows);
  const isNew = ({ catalog, oid }: WrittenRow): boolean => !before.has(rowKey(catalog, oid));
  const ownSchemas = new Set(found.rows.map(({ oid }) => oid));
  const changed = rows.filter(
    (one) =>
      !isNew(one) &&
      before.get(rowKey(one.catalog, one.oid)) !== one.content &&
      // The restore may have let its owner into a live schema for a moment, which leaves the same rights in another form.
      !(one.catalog === 'pg_namespace' && one.oid !== null && ownSchemas.has(one.oid)),
  );
  const fresh = await withoutNew(
    bounds,
    rows.filter((one) => isNew(one) && !FOLLOWING.includes(one.catalog)),
  );
  const objects: WrittenObject[] = [];
  for (const one of [...changed, ...fresh]) objects.push(await objectOf(client, one));
  return objects;
};

const lockedObject = ({ kind, name }: Locked): WrittenObject => ({
  kind,
  title: `${kind} ${name}`,
});

const distinct = (objects: readonly WrittenObject[]): WrittenObject[] => [
  ...new Map(objects.map((one) => [one.title, one])).values(),
];

/**
 * @returns relations that event triggers of the database have written to, which is allowed
 * @throws RestoreWroteOutside
 */
export const refuseWritesOutside = async (bounds: WriteBounds): Promise<readonly string[]> => {
  const { client, observer, live } = bounds;
  const locked = await readLocked(bounds);
  const allowed = locked.length ? await readEventTriggerTargets(observer, locked, live) : [];
  const written = locked.filter((one) => !one.rowsOnly || !allowed.includes(one.oid));
  const objects = distinct([
    ...written.map(lockedObject),
    ...(await changedRows(bounds)),
    ...(await readDeleted(client, observer)),
  ]);
  const unread = (await client.query<{ oid: number }>(UNREAD_WRITTEN)).rows;
  for (const { kind, title, oid: catalog } of Object.values(UNREAD)) {
    const isNamed = kind === 'large object' && objects.some((one) => one.kind === kind);
    if (!isNamed && unread.some(({ oid }) => oid === catalog)) objects.push({ kind, title });
  }
  const byTitle = new Map(objects.map((one) => [one.title, one]));
  if (byTitle.size) throw new RestoreWroteOutside([...byTitle.values()]);
  return locked.map((one) => lockedObject(one).title);
};
