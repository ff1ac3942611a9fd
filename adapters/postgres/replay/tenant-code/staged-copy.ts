import { randomBytes } from 'node:crypto';
import type { TableName } from '../../../../core/restore.ts';
import { identifier, qualified } from '../../sql/identifiers.ts';
import type { Piece } from '../../sql/split-statements.ts';
import type { Run } from '../run-state.ts';
import { copyRows } from '../send.ts';
import type { Doing } from '../statement-errors.ts';

/**
 * Loads rows into a table without constraints first, and from there into their own table. Used for tables that evaluate tenant code, because
 * COPY cannot run in a security-restricted operation, and for rows that may have to be inserted more than once.
 */
interface Column {
  readonly name: string;
  readonly type: string;
  /**
   * The type in the staging table: the base type of a tainted domain; text for other types whose values are made by
   * tenant code.
   */
  readonly staged: string;
}

/**
 * Parameters: schema, table, names of columns (null for all that can get values), OIDs of tainted types. A value is made from text
 * by its type's input function, as COPY does. If a cast from text exists, it is made from varchar instead.
 */
const COLUMNS = `
  WITH RECURSIVE given AS (
    SELECT a.attname AS name, a.attnum AS place, a.atttypid AS type, a.atttypmod AS modifier
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
    WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND ($3::text[] IS NULL OR a.attname = ANY ($3))
  ), bare AS (
    SELECT name, place, type, modifier, 0 AS depth FROM given
    UNION ALL SELECT b.name, b.place, t.typbasetype, t.typtypmod, b.depth + 1
      FROM bare b JOIN pg_catalog.pg_type t ON t.oid = b.type AND t.typtype = 'd' AND t.oid = ANY ($4::pg_catalog.oid[])
  ), deepest AS (
    SELECT DISTINCT ON (place) place, type, modifier FROM bare ORDER BY place, depth DESC
  )
  SELECT g.name, pg_catalog.format_type(g.type, g.modifier) AS type,
    CASE WHEN d.type <> ALL ($4::pg_catalog.oid[]) THEN pg_catalog.format_type(d.type, d.modifier)
      WHEN EXISTS (SELECT FROM pg_catalog.pg_cast k WHERE k.castsource = 'pg_catalog.text'::pg_catalog.regtype AND k.casttarget = d.type) THEN 'pg_catalog.varchar'
      ELSE 'pg_catalog.text' END AS staged
  FROM given g JOIN deepest d ON d.place = g.place ORDER BY g.place`;

/** @returns the number of rows */
export const copyStaged = async (
  run: Run,
  piece: Extract<Piece, { readonly kind: 'copy' }>,
  {
    table,
    columns: wanted,
    reader,
    tainted,
    doing,
    insert,
  }: {
    readonly table: TableName;
    /** As the COPY names them; if it names none, all columns that can get values. */
    readonly columns: readonly string[];
    /** The role that inserts, if not the session's own. */
    readonly reader: string | undefined;
    readonly tainted: readonly string[];
    readonly doing: Doing;
    readonly insert: (sql: string) => Promise<void>;
  },
): Promise<number> => {
  const { client } = run;
  const { schema, name } = table;
  const parameters = [schema, name, wanted.length ? wanted : null, tainted];
  const found = (await client.query<Column>(COLUMNS, parameters)).rows;
  const columns = wanted.length
    ? wanted.flatMap((one) => found.find((column) => column.name === one) ?? [])
    : found;
  const staging = qualified(schema, `larder_${randomBytes(8).toString('hex')}`);
  const names = columns.map((column) => identifier(column.name)).join(', ');
  const staged = columns.map((column) => `${identifier(column.name)} ${column.staged}`);
  await client.query(`CREATE UNLOGGED TABLE ${staging} (${staged.join(', ')})`);
  if (reader !== undefined)
    await client.query(`GRANT SELECT ON ${staging} TO ${identifier(reader)}`);
  const brackets = names && ` (${names})`;
  const text = Buffer.from(`COPY ${staging}${brackets} FROM stdin;`);
  const rows = await copyRows(client, { ...piece, text }, doing, {
    frozen: false,
    room: run.rowRoom,
  });
  const values = columns.map(({ name: column, type, staged: from }) =>
    type === from ? identifier(column) : `CAST(${identifier(column)} AS ${type})`,
  );
  await insert(
    `INSERT INTO ${qualified(schema, name)}${brackets} OVERRIDING SYSTEM VALUE SELECT ${values.join(', ')} FROM ${staging}`,
  );
  await client.query(`DROP TABLE ${staging}`);
  return rows;
};
