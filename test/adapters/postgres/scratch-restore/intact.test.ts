import { describe, expect, it } from 'vitest';
import type { Home } from './home.ts';
import type { Rehearsals, Stored } from './support.ts';
import { tenantHome } from './tenant-home.ts';

/**
 * Sound backups of unusual databases: none may be reported as damaged. What the scratch server can do like the source is
 * compared; for the rest it reports what is missing.
 */
let scratchRestores: Rehearsals;
let refusalOf: Home['refusalOf'];
const { backupOf, brought } = tenantHome((home) => {
  ({ scratchRestores, refusalOf } = home);
});

const altered = ({ manifest, bytes }: Stored, before: string, after: string) => {
  const text = bytes.toString();
  expect(text).toContain(before);
  return { manifest, bytes: Buffer.from(text.replaceAll(before, after)) };
};

describe("names that occur only in a function's text", () => {
  const UNACCENTED = `
    CREATE EXTENSION unaccent;
    CREATE FUNCTION acme.plain(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT public.unaccent('public.unaccent', $1)$$;
    CREATE TABLE acme.words (word text CHECK (acme.plain(word) <> ''), bare text GENERATED ALWAYS AS (acme.plain(word)) STORED);
    INSERT INTO acme.words VALUES ('naïve'), ('Müller');
    CREATE INDEX ON acme.words (acme.plain(word))`;

  it('exist if an extension of the database has them', async () => {
    const found = await brought(UNACCENTED);
    expect(found.differences).toEqual([]);
    // The index calls a function of the tenant, so the rows are counted and not hashed.
    expect(found.checked).toMatchObject({ rows: 2, hashedTables: 0 });
  });

  it('are named as missing if the server layer lacks the extension', async () => {
    const { manifest, bytes } = await backupOf(UNACCENTED);
    const { databaseExtensions: _, ...older } = manifest;
    for (const one of [
      older,
      {
        ...manifest,
        databaseExtensions: [{ name: 'no_such', version: '1.0', schema: 'public' }],
      },
    ]) {
      expect(await refusalOf({ manifest: one, bytes })).toMatchObject({
        name: 'RehearsalImpossible',
        message: expect.stringMatching(/public\.unaccent.*is not in the backup/s),
      });
    }
  });

  it('are named as missing if they are tables, functions, types or schemas of others', async () => {
    for (const [body, missing] of [
      ['RETURN EXISTS (SELECT FROM shared.rates WHERE code = $1)', 'shared.rates'],
      ['RETURN shared.known($1)', 'schema shared'],
      ['RETURN $1::shared.code IS NOT NULL', 'shared'],
      [
        "RETURN to_regclass('shared.rates') IS NOT NULL AND nextval('shared.numbers') > 0",
        'shared',
      ],
    ]) {
      const one = await backupOf(`
        CREATE SCHEMA shared; CREATE TABLE shared.rates (code text); INSERT INTO shared.rates VALUES ('EUR'); CREATE SEQUENCE shared.numbers;
        CREATE DOMAIN shared.code AS text; CREATE FUNCTION shared.known(text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
        GRANT USAGE ON SCHEMA shared TO PUBLIC; GRANT SELECT ON shared.rates TO PUBLIC; GRANT USAGE ON SEQUENCE shared.numbers TO PUBLIC;
        CREATE FUNCTION acme.known(text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN ${body}; END$$;
        CREATE TABLE acme.prices (code text CHECK (acme.known(code))); INSERT INTO acme.prices VALUES ('EUR')`);
      const found = await scratchRestores.rehearseQuickly(one, 'rows');
      expect(found).toMatchObject({ differences: [], checked: { rows: 1 } });
      expect(found.unfinished).toBeUndefined();
      expect(found.notChecked).toContainEqual(
        expect.stringMatching(
          new RegExp(`prices_code_check.*${missing}.*is not in the backup`, 's'),
        ),
      );
      expect(found.notChecked.join()).not.toContain('search_path');
    }
  });

  it('are no excuse for a backup that lost its own objects', async () => {
    const one = await backupOf(`
      CREATE TABLE acme.codes (code text); INSERT INTO acme.codes VALUES ('EUR');
      CREATE FUNCTION acme.known(text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RETURN EXISTS (SELECT FROM acme.codes WHERE code = $1); END$$;
      CREATE TABLE acme.prices (code text CHECK (acme.known(code))); INSERT INTO acme.prices VALUES ('EUR')`);
    expect((await scratchRestores.rehearseQuickly(one, 'rows')).differences).toEqual([]);
    const text = one.bytes.toString();
    const lost = Buffer.from(
      text
        .replace(/CREATE TABLE acme\.codes \([^;]*;\n/, '')
        .replace(/ALTER TABLE acme\.codes [^;]*;\n/g, '')
        .replace(/COPY acme\.codes [\s\S]*?\\\.\n/, ''),
    );
    expect(lost.length).toBeLessThan(one.bytes.length - 50);
    expect(
      (await scratchRestores.rehearseQuickly({ ...one, bytes: lost }, 'rows')).differences,
    ).toContain('table acme.codes is missing');
    // A statement of the backup that names an object unknown to the source's catalogs was altered.
    expect(await refusalOf(altered(one, 'acme.known(code)', 'shared.known(code)'))).toMatchObject({
      name: 'StatementRefused',
    });
  });

  it('may mean empty tables, which is reported', async () => {
    const one = await backupOf(`
      CREATE SCHEMA shared; CREATE TABLE shared.rates (code text PRIMARY KEY); INSERT INTO shared.rates VALUES ('EUR');
      CREATE FUNCTION acme.known(text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RETURN EXISTS (SELECT FROM shared.rates WHERE code = $1); END$$;
      CREATE TABLE acme.prices (code text REFERENCES shared.rates CHECK (acme.known(code))); INSERT INTO acme.prices VALUES ('EUR')`);
    const found = await scratchRestores.rehearseQuickly(one, 'rows');
    expect(found.differences).toEqual([]);
    expect(found.notChecked).toContainEqual(
      expect.stringMatching(/known\(text\).*"shared".*empty/s),
    );
  });
});

describe('values that name objects', () => {
  it('outside find an object of the name', async () => {
    const found = await brought(`
      CREATE SCHEMA shared; CREATE TABLE shared.t (id int); CREATE FUNCTION shared.f(int, text DEFAULT 'x') RETURNS int LANGUAGE sql AS 'SELECT 1';
      CREATE PROCEDURE shared.act(a int, OUT b text) LANGUAGE plpgsql AS 'BEGIN END';
      CREATE TYPE shared.mood AS ENUM ('a'); CREATE ROLE "some Body"; CREATE SCHEMA "only a Name";
      CREATE TEXT SEARCH CONFIGURATION shared.words (COPY = pg_catalog.english);
      CREATE TABLE acme.own (id int);
      CREATE TABLE acme.refs (c regclass, p regproc, q regprocedure, t regtype, r regrole, n regnamespace, w regconfig, all_of regclass[]);
      INSERT INTO acme.refs VALUES ('shared.t', 'shared.f', 'shared.f(int, text)', 'shared.mood[]', '"some Body"', '"only a Name"', 'shared.words', '{shared.t,acme.own}'),
        ('acme.own', 'pg_catalog.now', 'shared.act(int)', 'text', NULL, 'acme', 'pg_catalog.simple', NULL)`);
    expect(found.differences).toEqual([]);
    expect(found.checked).toMatchObject({ rows: 2, hashedTables: 2 });
  });

  it('for which no stand-in is possible are named', async () => {
    const one = await backupOf(`
      CREATE FUNCTION public.same(int, int) RETURNS boolean LANGUAGE sql AS 'SELECT $1 = $2';
      CREATE OPERATOR public.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = public.same);
      CREATE TABLE acme.refs (o regoperator); INSERT INTO acme.refs VALUES ('public.===(int, int)')`);
    expect(await refusalOf(one)).toMatchObject({
      name: 'RehearsalImpossible',
      message: expect.stringMatching(/public\.===.*is not in the backup/s),
    });
  });

  it('of the backup itself that are lost are its own fault', async () => {
    const one = await backupOf(
      "CREATE TABLE acme.own (id int); CREATE TABLE acme.refs (c regclass); INSERT INTO acme.refs VALUES ('acme.own')",
    );
    const text = one.bytes.toString();
    const bytes = Buffer.from(text.replace(/^acme\.own$/m, 'acme.owm'));
    expect(await refusalOf({ ...one, bytes })).toMatchObject({ name: 'StatementRefused' });
  });
});

describe('identity columns', () => {
  const COPIED = `
    CREATE TABLE acme.one (a smallint GENERATED ALWAYS AS IDENTITY, b int GENERATED BY DEFAULT AS IDENTITY (INCREMENT -1), c int GENERATED ALWAYS AS IDENTITY (MAXVALUE 5011));
    CREATE TABLE acme.two (LIKE acme.one INCLUDING IDENTITY); INSERT INTO acme.two DEFAULT VALUES`;

  it('that are copied from another table have sequences of a type that no dump records', async () => {
    expect((await brought(COPIED)).differences).toEqual([]);
  });

  it('whose sequence has other bounds are found', async () => {
    const other = altered(await backupOf(COPIED), 'MAXVALUE 5011', 'MAXVALUE 5012');
    expect((await scratchRestores.rehearseQuickly(other)).differences).toEqual([
      expect.stringMatching(/one_c_seq.* is defined otherwise than at the source/),
      expect.stringMatching(/two_c_seq.* is defined otherwise than at the source/),
    ]);
  });
});

describe('a materialized view', () => {
  it('over foreign tables is not filled, and this does not fail the backup', async () => {
    const found = await brought(`
      CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; GRANT USAGE ON FOREIGN SERVER files TO PUBLIC;
      CREATE FOREIGN TABLE acme.hosts (line text) SERVER files OPTIONS (filename '/etc/hostname');
      CREATE VIEW acme.lines AS SELECT line FROM acme.hosts;
      CREATE MATERIALIZED VIEW acme.m AS SELECT * FROM acme.lines; CREATE UNIQUE INDEX ON acme.m (line);
      CREATE MATERIALIZED VIEW acme.n AS SELECT count(*) FROM acme.m;
      CREATE TABLE acme.own (id int); INSERT INTO acme.own VALUES (1);
      CREATE MATERIALIZED VIEW acme.good AS SELECT * FROM acme.own`);
    expect(found.differences).toEqual([]);
    expect(found.checked).toMatchObject({ rows: 1, materializedViews: 1 });
    for (const name of ['m', 'n']) {
      expect(found.notChecked).toContainEqual(
        expect.stringMatching(new RegExp(`^materialized view "acme"\\."${name}": `)),
      );
    }
  });

  it('over tables that are empty here is not filled if that is refused', async () => {
    const found = await brought(`
      CREATE SCHEMA shared; CREATE TABLE shared.rates (rate numeric); INSERT INTO shared.rates VALUES (2);
      CREATE FUNCTION shared.rate() RETURNS numeric LANGUAGE sql AS 'SELECT 2.0';
      CREATE TABLE acme.a (n numeric); INSERT INTO acme.a VALUES (1), (2);
      CREATE MATERIALIZED VIEW acme.m AS SELECT n / (SELECT count(*) FROM shared.rates) AS n FROM acme.a;
      CREATE FUNCTION acme.limit() RETURNS int LANGUAGE plpgsql AS $$BEGIN RETURN (SELECT n FROM other.limits); END$$;
      CREATE SCHEMA other; CREATE TABLE other.limits (n int); CREATE MATERIALIZED VIEW acme.p AS SELECT acme.limit() AS n;
      CREATE MATERIALIZED VIEW acme.o AS SELECT n * shared.rate() AS n FROM acme.a; CREATE UNIQUE INDEX ON acme.o (n) NULLS NOT DISTINCT`);
    expect(found.differences).toEqual([]);
    expect(found.notChecked.filter((line) => /was not filled here/.test(line))).toHaveLength(3);
  });

  it("of only the backup's tables that cannot be filled is reported, and its former rows count as a difference", async () => {
    const one = await backupOf(
      'CREATE TABLE acme.a (n int); INSERT INTO acme.a VALUES (1); CREATE MATERIALIZED VIEW acme.m AS SELECT 1 / n AS n FROM acme.a',
    );
    const bytes = Buffer.from(one.bytes.toString().replace(/^1$/m, '0'));
    const found = await scratchRestores.rehearseQuickly({ ...one, bytes }, 'rows');
    expect(found.unfinished).toMatchObject([{ kind: 'materialized-view', state: 'unfilled' }]);
    expect(found.differences).toEqual([
      expect.stringContaining('the contents of some have changed'),
    ]);
  });
});

describe('code that needs more than the scratch server has', () => {
  it('is no fault of the backup, and is tried again', async () => {
    const one = await backupOf(`
      CREATE FUNCTION acme.locked(n int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN PERFORM pg_advisory_xact_lock(i) FROM generate_series(1, n) i; RETURN true; END$$;
      CREATE TABLE acme.a (n int CHECK (acme.locked(n))); INSERT INTO acme.a VALUES (1)`);
    const bytes = Buffer.from(one.bytes.toString().replace(/^1$/m, '1000000'));
    expect(await refusalOf({ ...one, bytes })).toMatchObject({
      name: 'ScratchFaltered',
      retryable: true,
      message: expect.stringMatching(/out of shared memory \(53200\)/),
    });
  });
});

describe('a stand-in', () => {
  it('for functions accepts omitted arguments, and has the output arguments', async () => {
    const found = await brought(`
      CREATE SCHEMA shared; CREATE TYPE shared.kind AS ENUM ('a', 'b');
      CREATE FUNCTION shared.def(a int, b text DEFAULT 'x', "C c" shared.kind DEFAULT 'b') RETURNS int LANGUAGE sql AS 'SELECT 1';
      CREATE FUNCTION shared.outs(a int, OUT b int, OUT c text) LANGUAGE sql AS $$SELECT 1, 'x'$$;
      CREATE FUNCTION shared.out_one(a int, OUT b int) LANGUAGE sql AS 'SELECT 1';
      CREATE FUNCTION shared.inout(INOUT a int) LANGUAGE sql AS 'SELECT 1';
      CREATE FUNCTION shared.outs_set(a int, OUT b int, OUT c text) RETURNS SETOF record LANGUAGE sql AS $$SELECT 1, 'x'$$;
      CREATE FUNCTION shared.tab(a int DEFAULT 3) RETURNS TABLE (x int, "Y y" text) LANGUAGE sql AS $$SELECT 1, 'x'$$;
      CREATE FUNCTION shared.many(int) RETURNS SETOF int LANGUAGE sql AS 'SELECT 1';
      CREATE FUNCTION shared.rec() RETURNS record LANGUAGE sql AS 'SELECT 1, 2';
      CREATE FUNCTION shared.vari(a int, VARIADIC b text[] DEFAULT '{}') RETURNS int LANGUAGE sql AS 'SELECT 1';
      CREATE FUNCTION shared.same(a anyelement, b anyelement DEFAULT NULL) RETURNS anyelement LANGUAGE sql AS 'SELECT a';
      CREATE AGGREGATE shared.total(int) (SFUNC = int4pl, STYPE = int);
      CREATE AGGREGATE shared.first(anyelement) (SFUNC = shared.same, STYPE = anyelement);
      CREATE FUNCTION shared.join_all(text, text, VARIADIC text[]) RETURNS text LANGUAGE sql AS 'SELECT $1 || $2';
      CREATE AGGREGATE shared.list(text, VARIADIC text[]) (SFUNC = shared.join_all, STYPE = text);
      CREATE AGGREGATE shared.every_one(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0');
      CREATE TABLE acme.a (id int, t text); INSERT INTO acme.a VALUES (1, 'x');
      CREATE VIEW acme.v AS SELECT shared.def(1) AS one, shared.def(1, "C c" => 'a') AS two, (shared.outs(1)).c AS three, shared.out_one(1) AS four, shared.inout(2) AS five,
        shared.vari(1) AS six, shared.vari(1, 'a', 'b') AS seven, shared.same(1) AS eight, shared.same('a'::text, 'b') AS nine;
      CREATE VIEW acme.w AS SELECT o.b, o.c, t.x, t."Y y", m, r.* FROM shared.outs_set(1) o, shared.tab() t, shared.many(1) m, shared.rec() AS r(p int, q int);
      CREATE VIEW acme.g AS SELECT shared.total(id) AS total, shared.first(t) AS first, shared.list(t, t) AS list, shared.every_one(*) AS n FROM acme.a;`);
    expect(found.differences).toEqual([]);
    expect(found.checked).toMatchObject({ rows: 1 });
    expect(found.notChecked).toContainEqual(expect.stringMatching(/^aggregate shared\.total/));
  });

  it('for text search configurations splits text in its own way', async () => {
    const found = await brought(`
      CREATE SCHEMA shared; CREATE TEXT SEARCH CONFIGURATION shared.german (COPY = pg_catalog.german);
      CREATE TEXT SEARCH DICTIONARY shared.stems (TEMPLATE = pg_catalog.snowball, LANGUAGE = german);
      CREATE TEXT SEARCH CONFIGURATION acme.own (COPY = pg_catalog.simple);
      ALTER TEXT SEARCH CONFIGURATION acme.own ALTER MAPPING FOR word WITH shared.stems;
      CREATE TABLE acme.a (t text, w tsvector GENERATED ALWAYS AS (to_tsvector('shared.german', t)) STORED, o tsvector GENERATED ALWAYS AS (to_tsvector('acme.own', t)) STORED);
      CREATE INDEX ON acme.a USING gin (w); INSERT INTO acme.a VALUES ('die Häuser')`);
    expect(found.differences).toEqual([]);
    expect(found.checked).toMatchObject({ rows: 1, hashedTables: 1 });
    for (const name of ['configuration shared.german', 'dictionary shared.stems']) {
      expect(found.notChecked).toContainEqual(expect.stringContaining(`text search ${name}`));
    }
  });

  it('for a table has its key, by which a view may group', async () => {
    const found = await brought(`
      CREATE SCHEMA shared; CREATE TABLE shared.projects (id int, "Sub id" int, name text, PRIMARY KEY (id, "Sub id"));
      CREATE TABLE acme.a (project int);
      CREATE VIEW acme.v AS SELECT p.name, count(*) FROM shared.projects p JOIN acme.a ON a.project = p.id GROUP BY p.id, p."Sub id"`);
    expect(found.differences).toEqual([]);
  });
});

describe('rows that were only counted', () => {
  it('are reported as such', async () => {
    const one = await backupOf('CREATE TABLE acme.a (n int); INSERT INTO acme.a VALUES (1)');
    const { notChecked } = await scratchRestores.rehearseQuickly(one, 'counts');
    expect(notChecked).toEqual([expect.stringMatching(/^rows' contents: .*counted.*not compared/)]);
    expect((await scratchRestores.rehearseQuickly(one, 'rows')).notChecked).toEqual([]);
  });
});
