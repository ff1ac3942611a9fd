import { describe, expect, it } from 'vitest';
import type { Home } from './home.ts';
import { sharedHome } from './shared-home.ts';

/** A verification compares tables by the digest that the engine took of their text, and hashes only the others. */
let home: Home;
const { backupOf } = sharedHome((made) => {
  home = made;
});

const TABLES = `
  CREATE SCHEMA texts; SET search_path = texts;
  CREATE TYPE color AS ENUM ('red', 'green');
  CREATE TABLE a_types (id int GENERATED ALWAYS AS IDENTITY, dropped text, f float8, r real, t timestamptz, i interval, j jsonb, b bytea,
    c color[], ch char(5), twice float8 GENERATED ALWAYS AS (f * 2) STORED, n numeric, ts tsvector);
  INSERT INTO a_types (dropped, f, r, t, i, j, b, c, ch, n, ts)
    SELECT 'x', n / 3.0, n / 7.0, timestamptz '2026-03-29 00:30+01' + n * interval '1 hour', n * interval '1 day 1 second', jsonb_build_object('n', n), sha256(n::text::bytea),
      ARRAY['red', NULL]::color[], 'é' || n % 10, n / 11.0, to_tsvector('simple', 'b a ' || n) FROM generate_series(1, 3000) n;
  ALTER TABLE a_types DROP COLUMN dropped;
  -- Pages with room that later rows of any length fit into, and rows that were moved.
  CREATE TABLE b_sizes (n int, v text); INSERT INTO b_sizes SELECT n, repeat('v', n * 37 % 5000) FROM generate_series(1, 2000) n;
  DELETE FROM b_sizes WHERE n % 3 = 0;
  INSERT INTO b_sizes SELECT n, repeat('w', n % 90) FROM generate_series(1, 500) n; UPDATE b_sizes SET v = v || 'x' WHERE n % 5 = 0;
  CREATE TABLE c_parts (k int, v text) PARTITION BY LIST (k);
  CREATE TABLE c_parts_1 PARTITION OF c_parts FOR VALUES IN (1); CREATE TABLE c_parts_2 (v text, k int); ALTER TABLE c_parts ATTACH PARTITION c_parts_2 FOR VALUES IN (2);
  INSERT INTO c_parts SELECT n % 2 + 1, n FROM generate_series(1, 100) n;
  CREATE TABLE d_none (); INSERT INTO d_none DEFAULT VALUES; INSERT INTO d_none DEFAULT VALUES;
  CREATE TABLE e_empty (n int);
  CREATE TABLE f_parent (n int, o int); CREATE TABLE g_child (p int) INHERITS (f_parent); INSERT INTO g_child VALUES (1, 2, 3);
  CREATE TABLE h_money (m money); INSERT INTO h_money VALUES ('1.50');
  CREATE TABLE i_citext (c public.citext); INSERT INTO i_citext VALUES ('A');
  CREATE TABLE j_moods (m color, n int) PARTITION BY HASH (m); CREATE TABLE j_moods_0 PARTITION OF j_moods FOR VALUES WITH (MODULUS 2, REMAINDER 0);
  CREATE TABLE j_moods_1 PARTITION OF j_moods FOR VALUES WITH (MODULUS 2, REMAINDER 1); INSERT INTO j_moods SELECT CASE n % 2 WHEN 0 THEN 'red'::color ELSE 'green' END, n FROM generate_series(1, 50) n;
  RESET search_path;`;

describe('tables that the engine copied', () => {
  it('are compared by their text, without hashes of the source where that is sure', async () => {
    const one = await backupOf(TABLES, ['texts']);
    const of = (test: (table: (typeof one.manifest.tables)[number]) => boolean): string[] =>
      one.manifest.tables.filter(test).map(({ name }) => name);
    const sure = ['a_types', 'b_sizes', 'c_parts_1', 'c_parts_2', 'd_none', 'e_empty', 'f_parent'];
    expect(of(({ copied }) => copied?.comparable === true)).toEqual(sure);
    const unsure = ['g_child', 'h_money', 'i_citext', 'j_moods_0', 'j_moods_1'];
    expect(of(({ rowHash }) => rowHash !== undefined)).toEqual(unsure);
    const found = await home.scratchRestores.rehearseQuickly(one, 'rows');
    expect(found.differences).toEqual([]);
    expect(found.checked.hashedTables).toBe(sure.length + unsure.length);
    expect(found.notChecked.filter((line) => line.startsWith('rows'))).toEqual([]);

    const tables = one.manifest.tables.map((table) => {
      const { copied } = table;
      if (!copied || table.name !== 'a_types') return table;
      return { ...table, copied: { ...copied, sha256: '0'.repeat(64) } };
    });
    const wrong = { ...one, manifest: { ...one.manifest, tables } };
    const lines = (await home.scratchRestores.rehearseQuickly(wrong, 'rows')).differences;
    expect(lines).toEqual([
      expect.stringMatching(/^table "texts"."a_types" has its 3000 rows, but /),
    ]);
    expect((await home.scratchRestores.rehearseQuickly(wrong, 'counts')).differences).toEqual([]);
  });
});
