import { createHash } from 'node:crypto';
import type pg from 'pg';
import { FIRST_NORMAL_OID } from '../catalog/outside-dependencies.ts';
import { catalog, INNER_TYPES } from './catalogs.ts';
import { linesQuery, type Reached } from './fingerprint-lines.ts';

/**
 * A digest of everything on which the table of contents of `pg_dump -n` depends. As long as it stands, and the environment's with it (see
 * environment.ts), pg_dump writes the same definitions again. Values are not in it: neither rows nor those of sequences.
 *
 * It begins with the schema and goes down pg_depend to all that belongs to it. A row of a catalog is not read but told by its `xmin`, the
 * transaction that wrote it. ANALYZE and VACUUM write in place and leave it; so does freezing. A row that is written anew without a change
 * of definitions, as TRUNCATE writes that of a table, changes the fingerprint without need: that costs a pg_dump and no more.
 *
 * What the schema refers to outside is told by what definitions show of it, and types through all that they are made of, since constants
 * show their labels and names. PostgreSQL's own objects have no rows in pg_depend: their names do not change.
 *
 * Every step is a look-up in an index, so the number of other schemas is of no concern. The session must plan by index: see
 * PLANNED_BY_INDEX in ../session/planned-by-index.ts. There are two queries, since one over all catalogs takes several times as long to plan
 * as to execute: the first finds the objects, the second reads the catalogs that have some. Both must see the same snapshot.
 *
 * The order of entries is not in it: objects elsewhere decide it too, and any order that the entries' dependencies allow is as good.
 * It sees neither a changed object of PostgreSQL's own, nor an object that an expression names in the text of a value: see
 * readNeverKept.
 */

/** What belongs to the schemas whose names are `$1`: what is in them, and what depends on that as a part does. */
export const OWN = `
  own (classid, objid) AS (
    SELECT ${catalog('pg_namespace')}::pg_catalog.oid, s.oid FROM pg_catalog.pg_namespace s WHERE s.nspname = ANY ($1)
    UNION
    SELECT d.classid, d.objid
    FROM own JOIN pg_catalog.pg_depend d ON d.refclassid = own.classid AND d.refobjid = own.objid
    WHERE d.deptype IN ('a', 'i', 'P', 'S') OR d.deptype = 'n' AND own.classid = ${catalog('pg_namespace')}
  )`;

/** What that depends on. */
const NEEDS = `
  needs AS MATERIALIZED (
    SELECT d.* FROM own JOIN pg_catalog.pg_depend d ON d.classid = own.classid AND d.objid = own.objid
  ), outside AS MATERIALIZED (
    SELECT DISTINCT n.refclassid AS classid, n.refobjid AS objid FROM needs n
    WHERE (n.refclassid, n.refobjid) NOT IN (SELECT own.classid, own.objid FROM own)
  )`;

/**
 * What is outside, with all that it depends on in its turn, and parts of tables and of domains, which may depend on more. Where that leads
 * back to the schema, pg_dump has dependencies between entries for it.
 */
const BEYOND = `
  beyond (classid, objid) AS (
    SELECT o.classid, o.objid FROM outside o
    UNION
    SELECT step.classid, step.objid
    FROM beyond b CROSS JOIN LATERAL (
      SELECT d.refclassid, d.refobjid FROM pg_catalog.pg_depend d WHERE d.classid = b.classid AND d.objid = b.objid
      UNION ALL SELECT ${catalog('pg_attrdef')}, a.oid FROM pg_catalog.pg_attrdef a WHERE b.classid = ${catalog('pg_class')} AND a.adrelid = b.objid
      UNION ALL SELECT ${catalog('pg_rewrite')}, r.oid FROM pg_catalog.pg_rewrite r WHERE b.classid = ${catalog('pg_class')} AND r.ev_class = b.objid
      UNION ALL SELECT ${catalog('pg_constraint')}, k.oid FROM pg_catalog.pg_constraint k
        WHERE b.classid = ${catalog('pg_class')} AND k.conrelid = b.objid AND k.contype = 'c'
      UNION ALL SELECT ${catalog('pg_constraint')}, k.oid FROM pg_catalog.pg_constraint k WHERE b.classid = ${catalog('pg_type')} AND k.contypid = b.objid
    ) AS step (classid, objid)
    WHERE (step.classid, step.objid) NOT IN (SELECT own.classid, own.objid FROM own)
  )`;

/** Types outside, those of functions there, and what they are all made of. */
const TYPES = `
  types (oid) AS (
    SELECT seed.oid FROM (
      SELECT o.objid AS oid FROM outside o WHERE o.classid = ${catalog('pg_type')}
      UNION ALL
      SELECT v.oid FROM outside o JOIN pg_catalog.pg_proc p ON p.oid = o.objid
        CROSS JOIN LATERAL pg_catalog.unnest(p.prorettype || p.proargtypes::pg_catalog.oid[] || COALESCE(p.proallargtypes, '{}')) AS v (oid)
        WHERE o.classid = ${catalog('pg_proc')}
    ) AS seed WHERE seed.oid >= ${FIRST_NORMAL_OID}
    UNION
    SELECT made.oid
    FROM types JOIN pg_catalog.pg_type t ON t.oid = types.oid
    CROSS JOIN LATERAL (${INNER_TYPES}
    ) AS made (oid)
    WHERE made.oid >= ${FIRST_NORMAL_OID}
  )`;

/** Catalogs by their names, since their OIDs are those of PostgreSQL's source on every server. */
const nameOf = (classid: string): string =>
  `(SELECT k.relname::pg_catalog.text FROM pg_catalog.pg_class k WHERE k.oid = ${classid})`;

/** The objects, by catalog, and one text of all dependencies. */
export const REACHED = `WITH RECURSIVE ${OWN}, ${NEEDS}, ${BEYOND}, ${TYPES}
  SELECT 'own' AS what, ${nameOf('classid')} AS catalog, pg_catalog.array_agg(objid ORDER BY objid)::pg_catalog.text AS oids FROM own GROUP BY classid
  UNION ALL
  SELECT 'outside', ${nameOf('classid')}, pg_catalog.array_agg(objid ORDER BY objid)::pg_catalog.text FROM outside GROUP BY classid
  UNION ALL
  SELECT 'type', 'pg_type', pg_catalog.array_agg(oid ORDER BY oid)::pg_catalog.text FROM types HAVING pg_catalog.count(*) > 0
  UNION ALL
  SELECT 'needs', '', pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
    pg_catalog.string_agg(n.line, ',' ORDER BY n.line COLLATE "C"), 'UTF8')), 'hex')
  FROM (
    SELECT pg_catalog.concat_ws(' ', classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype) FROM needs
    UNION ALL
    SELECT pg_catalog.concat_ws(' ', d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid, d.refobjsubid, d.deptype)
    FROM beyond b JOIN pg_catalog.pg_depend d ON d.classid = b.classid AND d.objid = b.objid
  ) AS n (line)`;

interface Row {
  readonly what: 'own' | 'outside' | 'type' | 'needs';
  readonly catalog: string;
  /** Text of an array; of `needs`, a digest. */
  readonly oids: string | null;
}

/** What a fingerprint is made of, and what has been read of it. */
export interface Found {
  readonly reached: Reached;
  /** All that the first query has said. */
  readonly text: string;
}

const reachedOf = (rows: readonly Row[]): Reached => {
  const by = (what: Row['what']) =>
    new Map(rows.flatMap((row) => (row.what === what ? [[row.catalog, row.oids ?? '{}']] : [])));
  return { own: by('own'), outside: by('outside'), types: by('type').get('pg_type') };
};

export const findObjects = async (
  client: pg.Client,
  schemas: readonly string[],
): Promise<Found> => {
  const { rows } = await client.query<Row>(REACHED, [schemas]);
  const lines = rows.map(({ what, catalog: name, oids }) => `${what} ${name} ${oids}`);
  return { reached: reachedOf(rows), text: lines.sort().join('\n') };
};

/** Hexadecimal SHA-256. Equal ones of two snapshots mean equal definitions, in an equal environment. */
export const digestObjects = async (
  client: pg.Client,
  { reached, text: said }: Found,
): Promise<string> => {
  const { text, values } = linesQuery(reached);
  const { rows } = await client.query<{ digest: string }>(text, [...values]);
  return createHash('sha256').update(`${said}\n${rows[0]?.digest}`).digest('hex');
};

/** Both in one go, for a client whose transaction has one snapshot, or while nobody changes anything. */
export const readFingerprint = async (
  client: pg.Client,
  schemas: readonly string[],
): Promise<string> => await digestObjects(client, await findObjects(client, schemas));
