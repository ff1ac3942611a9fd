import { describe, expect, it } from 'vitest';
import type { Rehearsals } from './support.ts';
import { tenantHome } from './tenant-home.ts';

/** A database's own settings apply during the scratch restore of its backup, and make none look damaged. */
let scratchRestores: Rehearsals;
const { backupOf, brought } = tenantHome((home) => {
  ({ scratchRestores } = home);
});

describe("a database's settings", () => {
  it('do not change what is read and compared', async () => {
    const found = await brought(
      `SET search_path = acme;
      CREATE TABLE a (at timestamptz DEFAULT '2026-01-02 03:04:05+00', day date DEFAULT '2026-02-03', span interval DEFAULT '1 day 02:03:04',
        b bytea DEFAULT 'a'::bytea, f float8 DEFAULT 0.1, "order" text DEFAULT E'a\\\\b', m money DEFAULT 5,
        CHECK (at > '2001-02-03 04:05:06+07'), CHECK (span < '2 years 3 days'::interval));
      CREATE TABLE parted (at timestamptz, n int) PARTITION BY RANGE (at);
      CREATE TABLE part PARTITION OF parted FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2027-01-01 00:00+00');
      CREATE INDEX ON a (at) WHERE day > '2026-03-04';
      CREATE VIEW v AS SELECT *, '2026-05-06 07:08:09+00'::timestamptz AS then FROM a;
      INSERT INTO a DEFAULT VALUES; INSERT INTO part VALUES ('2026-06-07 08:09:10+00', 1)`,
      [
        "timezone = 'Asia/Kolkata'",
        "datestyle = 'SQL, DMY'",
        "intervalstyle = 'sql_standard'",
        "bytea_output = 'escape'",
        'extra_float_digits = 0',
        'quote_all_identifiers = on',
        'standard_conforming_strings = off',
        'search_path = acme, public',
      ],
    );
    expect(found.differences).toEqual([]);
    expect(found.checked).toMatchObject({ tables: 3, rows: 2, hashedTables: 2 });
  });

  it('apply when rows are checked and computed', async () => {
    const found = await brought(
      `CREATE FUNCTION acme.day_of(timestamptz) RETURNS date LANGUAGE sql IMMUTABLE AS 'SELECT $1::date';
      CREATE FUNCTION acme.words(text) RETURNS tsvector LANGUAGE sql IMMUTABLE AS 'SELECT to_tsvector($1)';
      CREATE FUNCTION acme.region() RETURNS text LANGUAGE sql STABLE AS $$SELECT current_setting('app.region')$$;
      CREATE TABLE acme.a (at timestamptz, day date CHECK (day = at::date), of date GENERATED ALWAYS AS (acme.day_of(at)) STORED, CHECK (of = day),
        t text, w tsvector GENERATED ALWAYS AS (acme.words(t)) STORED CHECK (w @@ 'hous'),
        region text DEFAULT acme.region() CHECK (region = current_setting('app.region')), "Tenant" int CHECK ("Tenant" = current_setting('App.Tenant')::int));
      INSERT INTO acme.a (at, day, t, "Tenant") VALUES ('2026-01-01 20:00+00', '2026-01-02', 'houses', 7)`,
      [
        "timezone = 'Asia/Kolkata'",
        "default_text_search_config = 'pg_catalog.english'",
        "app.region = 'eu, ''west'''",
        "app.tenant = '7'",
      ],
    );
    expect(found.differences).toEqual([]);
    expect(found.checked).toMatchObject({ rows: 1, hashedTables: 1 });
  });

  it('are in the manifest only if the backup names them, and never values that look like a secret', async () => {
    const one = await backupOf(
      `CREATE FUNCTION acme.sign() RETURNS text LANGUAGE sql AS $$SELECT current_setting('app.jwt_secret') || current_setting('app.region')$$`,
      ["app.jwt_secret = 'hush'", "app.region = 'eu'", "app.other = 'x'", "work_mem = '64MB'"],
    );
    expect(
      one.manifest.databaseSettings?.filter(
        ({ name }) => !/^(time|date|inter|lc_|default_)/i.test(name),
      ),
    ).toEqual([{ name: 'app.region', value: 'eu' }]);
    expect(JSON.stringify(one.manifest)).not.toContain('hush');
  });

  it('that sessions set for themselves are named if they are missing', async () => {
    const one = await backupOf(
      `SET app.mine = 'x'; CREATE TABLE acme.a (t text CHECK (t = current_setting('app.mine'))); INSERT INTO acme.a VALUES ('x')`,
    );
    const found = await scratchRestores.rehearseQuickly(one, 'rows');
    expect(found.differences).toEqual([]);
    expect(found.notChecked).toContainEqual(
      expect.stringMatching(/a_t_check.*app\.mine.*is not in the backup/s),
    );
  });
});

describe("a database's collation rules", () => {
  const created = (flags: string) => (name: string) =>
    `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8' ${flags}`;

  it('are the same if ICU has them, with the options of its locale', async () => {
    const one = await backupOf(
      `CREATE TABLE acme.parts (code text) PARTITION BY RANGE (code);
      CREATE TABLE acme.some PARTITION OF acme.parts FOR VALUES FROM ('a2') TO ('a10'); INSERT INTO acme.parts VALUES ('a3')`,
      [],
      created("LOCALE_PROVIDER icu ICU_LOCALE 'de-u-kn-true' LOCALE 'C.UTF-8'"),
    );
    const { source } = one.manifest;
    expect(source).toMatchObject({
      localeProvider: 'i',
      locale: 'de-u-kn',
      characters: 'C.UTF-8',
    });
    const found = await scratchRestores.restoreAndCompare(one, 'rows');
    expect(found).toMatchObject({ differences: [], notChecked: [], checked: { rows: 1 } });
    const manifest = { ...one.manifest, source: { ...source, collationVersion: '1.2' } };
    expect(
      (await scratchRestores.restoreAndCompare({ ...one, manifest }, 'rows')).notChecked,
    ).toEqual([expect.stringMatching(/ICU's rules of version .*, and by those of version 1\.2/)]);
  });

  it('are the same if ICU has them, with rules of its own', async () => {
    const one = await backupOf(
      "CREATE TABLE acme.odd (a text CHECK (a < 'b')); INSERT INTO acme.odd VALUES ('z')",
      [],
      created("LOCALE_PROVIDER icu ICU_LOCALE 'en' ICU_RULES '&a < z' LOCALE 'C.UTF-8'"),
    );
    const found = await scratchRestores.restoreAndCompare(one, 'rows');
    expect(found).toMatchObject({ differences: [], notChecked: [], checked: { rows: 1 } });
  });

  it("are the same if they are PostgreSQL's own", async () => {
    const one = await backupOf(
      `CREATE TABLE acme.a (t text, u text GENERATED ALWAYS AS (upper(t)) STORED CHECK (u = 'STRASSE')); INSERT INTO acme.a VALUES ('straße')`,
      [],
      created("LOCALE_PROVIDER builtin BUILTIN_LOCALE 'PG_UNICODE_FAST' LOCALE 'C.UTF-8'"),
    );
    const found = await scratchRestores.restoreAndCompare(one, 'rows');
    expect(found).toMatchObject({ differences: [], notChecked: [], checked: { rows: 1 } });
  });
});
