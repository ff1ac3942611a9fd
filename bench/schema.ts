/**
 * The measured schema: mixed rows (text, jsonb, numeric, timestamps) from a fixed generator, so that two runs of the
 * benchmark dump the same bytes. hashint8extended is PostgreSQL's own and depends only on its arguments.
 */
const ROW_BYTES = 315;

const noise = (seed: number): string => `hashint8extended(n, ${seed})`;
const words = (seed: number): string =>
  `(ARRAY['order','paid','refund','customer','Zürich','late','express','gift','—','retry'])[1 + abs(${noise(seed)} % 10)]`;

const rows = (from: number, to: number): string => `
  SELECT n,
    ${words(1)} || ' ' || ${words(2)} || ' ' || ${words(3)} || ' ' || md5(${noise(4)}::text) || ' ' || ${words(5)},
    jsonb_build_object('id', ${noise(6)}, 'state', ${words(7)}, 'note', md5((n % 5000)::text), 'lines',
      jsonb_build_array(${noise(8)} % 1000, ${noise(9)} % 1000)),
    (${noise(10)} % 10000000)::numeric / 100,
    timestamptz '2026-01-01 00:00:00Z' + (n % 20000000) * interval '1 second',
    CASE n % 7 WHEN 0 THEN NULL ELSE md5((n % 100000)::text) END
  FROM generate_series(${from}::bigint, ${to}::bigint) AS n`;

const TABLES = 10;

/** SQL that fills a schema with about this many bytes, over ten tables. */
export const fillSchema = (schema: string, bytes: number): string => {
  const each = Math.max(1, Math.round(bytes / ROW_BYTES / TABLES));
  const tables = Array.from(
    { length: TABLES },
    (_, i) => `
      CREATE TABLE ${schema}.t${i} (n bigint PRIMARY KEY, body text, doc jsonb, amount numeric, at timestamptz, ref text);
      INSERT INTO ${schema}.t${i} ${rows(i * each + 1, (i + 1) * each)};`,
  );
  return `CREATE SCHEMA ${schema}; ${tables.join('\n')}`;
};

/** Adds a project to the list that Larder reads. */
export const projectSql = (schema: string): string => `
  CREATE SCHEMA IF NOT EXISTS control_plane;
  CREATE TABLE IF NOT EXISTS control_plane.projects (id text, name text, status text);
  INSERT INTO control_plane.projects VALUES ('${schema}', '${schema}', 'ACTIVE');`;

/** SQL of a schema with one table that has this many rows of this many bytes, which no compression makes smaller. */
export const wideRows = (schema: string, rows: number, bytes: number): string => `
  CREATE SCHEMA ${schema};
  CREATE TABLE ${schema}.files (id int PRIMARY KEY, content bytea);
  ALTER TABLE ${schema}.files ALTER COLUMN content SET STORAGE EXTERNAL;
  INSERT INTO ${schema}.files
    SELECT row, (
      SELECT string_agg(sha256((row || '-' || n)::bytea), '' ORDER BY n) FROM generate_series(1, ${Math.ceil(bytes / 32)}) n
    ) FROM generate_series(1, ${rows}) row;`;

/** SQL of a typical tenant's schema: tables that refer to each other, an index, a few rows. */
export const smallSchema = (schema: string, tables: number, rows: number): string => {
  const each = Array.from(
    { length: tables },
    (_, i) => `
    CREATE TABLE ${schema}.t${i} (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, state text DEFAULT 'new', doc jsonb,
      made timestamptz DEFAULT '2026-01-01 00:00:00Z'${i ? `, parent bigint REFERENCES ${schema}.t${i - 1}` : ''});
    CREATE INDEX ON ${schema}.t${i} (name);
    ${rows ? `INSERT INTO ${schema}.t${i} (name, doc) SELECT md5(n::text), jsonb_build_object('n', n, 'note', md5((n * 7)::text)) FROM generate_series(1, ${rows}) n;` : ''}`,
  );
  return `CREATE SCHEMA ${schema};${each.join('')}`;
};
