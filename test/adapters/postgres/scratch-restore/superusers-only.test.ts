import { describe, expect, it } from 'vitest';
import type { ScratchRestoreResult } from '../../../../core/verification-ports.ts';
import type { Home } from './home.ts';
import { sharedHome } from './shared-home.ts';
import type { Rehearsals, Stored } from './support.ts';

/** Schemas with objects that only a superuser can create: those are left out, with what needs them, and all the rest is verified. */
let scratchRestores: Rehearsals;
let refusalOf: Home['refusalOf'];
const { backupOf, brought } = sharedHome((home) => {
  ({ scratchRestores, refusalOf } = home);
});

const PLAIN = { format: 'plain', compression: 'none' } as const;

const verified = async (one: Pick<Stored, 'manifest' | 'bytes'>): Promise<ScratchRestoreResult> =>
  await scratchRestores.rehearseQuickly(one, 'rows');

const changed = (one: Stored, before: string | RegExp, after: string): Stored => {
  const text = one.bytes.toString();
  expect(text.replace(before, after)).not.toBe(text);
  return { ...one, bytes: Buffer.from(text.replace(before, after)) };
};

/** Each line is reported. */
const tells = ({ notChecked }: ScratchRestoreResult, ...lines: readonly string[]): void => {
  for (const line of lines) expect(notChecked).toContainEqual(expect.stringContaining(line));
};
const byNames = ({ manifest, bytes }: Stored) => {
  const { definitions: _, ...older } = manifest;
  return { manifest: older, bytes };
};

const SUPERUSER = ': only a superuser may create it';
const needs = (name: string): string => `: it needs "${name}", which is not here`;

const BASED = `
  CREATE SCHEMA based; CREATE TYPE based."Id";
  CREATE FUNCTION based.id_in(cstring) RETURNS based."Id" LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
  CREATE FUNCTION based.id_out(based."Id") RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
  CREATE TYPE based."Id" (INPUT = based.id_in, OUTPUT = based.id_out, LIKE = int4);
  CREATE CAST (based."Id" AS int) WITHOUT FUNCTION;
  CREATE TABLE based.users (id based."Id" NOT NULL, n int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text CHECK (name <> ''));
  CREATE INDEX by_name ON based.users (name); COMMENT ON TABLE based.users IS 'ours'; GRANT SELECT ON based.users TO reporter;
  CREATE VIEW based.names AS SELECT name FROM based.users; CREATE DOMAIN based.ids AS based."Id"[];
  CREATE VIEW based.numbers AS SELECT id::int AS id FROM based.users;
  CREATE FUNCTION based.first(based."Id") RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION based.first(int) RETURNS int LANGUAGE sql AS 'SELECT $1';
  CREATE TABLE based.kept (id int PRIMARY KEY, friend int REFERENCES based.users, note text);
  INSERT INTO based.users (id, name) VALUES ('7', 'a'), ('8', 'b'); INSERT INTO based.kept VALUES (1, 1, 'one'), (2, 2, 'two'); ALTER TABLE based.users OWNER TO app`;

describe('a base type', () => {
  it('is left out with the tables, views, keys and functions that need it, and the rest is verified', async () => {
    const one = await backupOf(BASED, ['based'], PLAIN);
    const found = await verified(one);
    expect(found).toMatchObject({ differences: [], checked: { tables: 1, rows: 2 } });
    tells(
      found,
      `type "based.Id"${SUPERUSER}`,
      `table "based.users"${needs('based.Id')}`,
      `index "based.users: by_name"${needs('based.users')}`,
      `view "based.names"${needs('based.users')}`,
      `domain "based.ids"${needs('based.Id')}`,
      `constraint "kept_friend_fkey" of table "based.kept"${needs('based.users')}`,
    );
    expect(found.notChecked.filter((line) => line.startsWith('table "based.kept"'))).toEqual([]);
    expect((await verified(byNames(one))).differences).toEqual([]);
  });

  it('is no excuse for other differences', async () => {
    const one = await backupOf(BASED.replaceAll('based', 'based2'), ['based2'], PLAIN);
    for (const [before, after, difference] of [
      [
        '2\t2\ttwo',
        '2\t2\ttwice',
        /^table "based2"\."kept" has its 2 rows, but the contents of some have changed/,
      ],
      [/CREATE FUNCTION based2\.first\(integer\)[^;]*;/, '', /first\(integer\) is missing/],
      ['note text', 'note text, more text', /^(column|table) based2\.kept.* otherwise/],
    ] as const) {
      const other = changed(one, before, after);
      // Nothing mentions a function that no longer exists.
      const bytes = Buffer.from(
        other.bytes.toString().replace(/ALTER FUNCTION based2\.first\(integer\)[^;]*;/, ''),
      );
      const { differences } = await verified({ ...other, bytes });
      expect(differences).toContainEqual(expect.stringMatching(difference));
    }
  });
});

describe('operator classes and families', () => {
  it('are left out with the indexes that use them', async () => {
    const found = await brought(
      `CREATE SCHEMA classed; SET search_path = classed;
      CREATE OPERATOR CLASS ops FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
      CREATE OPERATOR FAMILY loose USING hash; ALTER OPERATOR FAMILY loose USING hash ADD FUNCTION 1 (int, int) hashint4(int);
      CREATE FUNCTION cmp(json, json) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT bttextcmp($1::text, $2::text)';
      CREATE FUNCTION less(json, json) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1::text < $2::text'; CREATE FUNCTION same(json, json) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1::text = $2::text';
      CREATE OPERATOR <<< (LEFTARG = json, RIGHTARG = json, FUNCTION = less); CREATE OPERATOR === (LEFTARG = json, RIGHTARG = json, FUNCTION = same);
      CREATE OPERATOR CLASS docs DEFAULT FOR TYPE json USING btree AS OPERATOR 1 <<<, OPERATOR 3 ===, FUNCTION 1 cmp(json, json);
      CREATE TABLE a (n int PRIMARY KEY, doc json); CREATE INDEX by_ops ON a (n ops); CREATE INDEX by_doc ON a (doc); CREATE INDEX plain ON a (n DESC); RESET search_path;
      INSERT INTO classed.a VALUES (1, '{}'), (2, '{"a":1}')`,
      'classed',
    );
    expect(found).toMatchObject({ differences: [], checked: { tables: 1, rows: 2 } });
    tells(
      found,
      `operator class "classed.ops"${SUPERUSER}`,
      `operator class "classed.docs"${SUPERUSER}`,
      `operator family "classed.loose"${SUPERUSER}`,
      `index "classed.a: by_ops"${needs('classed.ops')}`,
      'index "classed.a: by_doc": it needs "classed.',
    );
    expect(found.notChecked.join()).not.toContain('plain');
  });

  it('of another schema, which have no stand-in, are missed only by the objects that use them', async () => {
    const found = await brought(
      `CREATE OPERATOR CLASS public."Plain ops" FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
      CREATE AGGREGATE public.middle(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
      CREATE SCHEMA classes; CREATE TABLE classes.a (n int); CREATE INDEX by_ops ON classes.a (n public."Plain ops"); INSERT INTO classes.a VALUES (1);
      CREATE VIEW classes.middle AS SELECT public.middle(0.5) WITHIN GROUP (ORDER BY n) AS n FROM classes.a`,
      'classes',
    );
    expect(found).toMatchObject({ differences: [], checked: { tables: 1, rows: 1 } });
    tells(
      found,
      'operator class public."Plain ops" USING btree: it is outside the schema, and no placeholder can replace it',
      `index "classes.a: by_ops"${needs('public.Plain ops')}`,
      `view "classes.middle"${needs('public.middle')}`,
    );
  });
});

describe('a LEAKPROOF function', () => {
  const LEAK = `CREATE SCHEMA leak; CREATE FUNCTION leak.safe(int) RETURNS boolean LANGUAGE sql IMMUTABLE LEAKPROOF AS 'SELECT $1 > 0';
    CREATE FUNCTION leak.asks(int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN leak.safe($1); END';
    CREATE FUNCTION leak.own(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
    CREATE TABLE leak.a (n int CONSTRAINT asked CHECK (leak.asks(n))); CREATE INDEX safe_ones ON leak.a (n) WHERE leak.safe(n); CREATE INDEX own_ones ON leak.a (leak.own(n));
    CREATE POLICY safe ON leak.a USING (leak.safe(n)); CREATE VIEW leak.v AS SELECT n FROM leak.a WHERE leak.safe(n); CREATE VIEW leak.w AS SELECT leak.own(n) AS n FROM leak.a;
    CREATE MATERIALIZED VIEW leak.m AS SELECT leak.safe(n) AS safe FROM leak.a WITH NO DATA; ALTER TABLE leak.a ALTER n SET DEFAULT 1; INSERT INTO leak.a VALUES (1), (2)`;

  it('is left out with what calls it, and a check that needs it indirectly does not fail the rows', async () => {
    const one = await backupOf(LEAK, ['leak'], PLAIN);
    const found = await verified(one);
    expect(found).toMatchObject({ differences: [], checked: { tables: 1, rows: 2 } });
    expect(found.unfinished).toBeUndefined();
    tells(
      found,
      `function "leak.safe"${SUPERUSER}`,
      `index "leak.a: safe_ones"${needs('leak.safe')}`,
      `policy "leak.a: safe"${needs('leak.safe')}`,
      `view "leak.v"${needs('leak.safe')}`,
      `materialized view "leak.m"${needs('leak.safe')}`,
      'constraint "asked" of table "leak.a": it could not be recreated here as it is at the source, because it needs "leak.safe"',
    );
    expect(found.notChecked.join()).not.toMatch(/leak\.w|own_ones/);
    expect((await verified(byNames(one))).differences).toEqual([]);
    // A lost object of the backup is not left out for it.
    const lost = changed(
      one,
      /CREATE FUNCTION leak\.own[\s\S]*?\$_\$;\n|CREATE FUNCTION leak\.own[\s\S]*?';\n/,
      '',
    );
    expect(await refusalOf(changed(lost, /ALTER FUNCTION leak\.own[^;]*;/, ''))).toMatchObject({
      name: 'StatementRefused',
    });
  });
});

describe('a backup whose SQL was damaged so that it reads like an object of superusers', () => {
  const SOURCE = `CREATE SCHEMA sound; CREATE FUNCTION sound.own(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1'; CREATE FUNCTION sound.used(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
    CREATE FUNCTION sound.safe(int) RETURNS int LANGUAGE sql IMMUTABLE LEAKPROOF AS 'SELECT $1'; CREATE AGGREGATE sound.total(int) (SFUNC = int4pl, STYPE = int);
    CREATE TABLE sound.a (n int); INSERT INTO sound.a VALUES (1); CREATE VIEW sound.v AS SELECT sound.used(n) AS n FROM sound.a`;

  it('is called damaged, unless the manifest is older than the list of such objects', async () => {
    const one = await backupOf(SOURCE, ['sound'], PLAIN);
    const found = await verified(one);
    expect(found).toMatchObject({ differences: [], checked: { tables: 1, rows: 1 } });
    tells(found, `function "sound.safe"${SUPERUSER}`);
    const { superuserObjects: _, ...older } = one.manifest;
    for (const [name, before, after] of [
      [
        'own',
        /(FUNCTION sound\.own\(integer\) RETURNS integer\s+)LANGUAGE sql IMMUTABLE/,
        '$1LANGUAGE c IMMUTABLE',
      ],
      [
        'own',
        /(FUNCTION sound\.own\(integer\) RETURNS integer\s+LANGUAGE sql IMMUTABLE)/,
        '$1 LEAKPROOF',
      ],
      [
        'used',
        /(FUNCTION sound\.used\(integer\) RETURNS integer\s+)LANGUAGE sql IMMUTABLE/,
        '$1LANGUAGE internal IMMUTABLE',
      ],
      [
        'total',
        /(AGGREGATE sound\.total\(integer\) \(\s+SFUNC = )int4pl,(\s+STYPE = )integer/,
        '$1ordered_set_transition,$2internal',
      ],
    ] as const) {
      const damaged = changed(one, before, after);
      const { differences } = await verified(damaged);
      expect(differences).toContainEqual(
        expect.stringMatching(new RegExp(`sound\\.${name}\\(integer\\).* is missing`)),
      );
      if (name === 'used') expect(differences.join()).toContain('sound.v');
      expect((await verified({ ...damaged, manifest: older })).differences).toEqual([]);
    }
  });
});

describe('functions in C and aggregates with an internal state', () => {
  it('are left out with what calls them', async () => {
    const found = await brought(
      `CREATE SCHEMA coded; CREATE FUNCTION coded.alike(text, text) RETURNS real LANGUAGE c IMMUTABLE STRICT AS '$libdir/pg_trgm', 'similarity';
      CREATE FUNCTION coded.quiet() RETURNS int LANGUAGE sql SET log_statement = 'none' AS 'SELECT 1';
      CREATE AGGREGATE coded.middle(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
      CREATE TABLE coded.a (t text, n int); INSERT INTO coded.a VALUES ('x', 1), ('y', 2);
      CREATE TABLE coded.b (t text, alike real GENERATED ALWAYS AS (coded.alike(t, 'x')) STORED); INSERT INTO coded.b VALUES ('x');
      CREATE OPERATOR coded.%% (LEFTARG = text, RIGHTARG = text, FUNCTION = coded.alike); CREATE VIEW coded.by_operator AS SELECT t OPERATOR(coded.%%) 'x' AS alike FROM coded.a;
      CREATE VIEW coded.m AS SELECT coded.middle(0.5) WITHIN GROUP (ORDER BY n) AS m FROM coded.a; CREATE VIEW coded.of_m AS SELECT m FROM coded.m`,
      'coded',
    );
    expect(found).toMatchObject({ differences: [], checked: { tables: 1, rows: 2 } });
    tells(
      found,
      `function "coded.alike"${SUPERUSER}`,
      `function "coded.quiet"${SUPERUSER}`,
      `aggregate "coded.middle"${SUPERUSER}`,
      `table "coded.b"${needs('coded.alike')}`,
      `operator "coded.%%"${needs('coded.alike')}`,
      `view "coded.by_operator"${needs('coded.%%')}`,
      `view "coded.m"${needs('coded.middle')}`,
      `view "coded.of_m"${needs('coded.m')}`,
    );
  });
});

describe('casts, which are in no backup of a schema', () => {
  it('are missed only by the objects that use them, and named', async () => {
    const found = await brought(
      `CREATE SCHEMA casted; CREATE TYPE casted.mood AS ENUM ('a'); CREATE FUNCTION casted.to_mood(int) RETURNS casted.mood LANGUAGE sql IMMUTABLE AS $$SELECT 'a'::casted.mood$$;
      CREATE CAST (int AS casted.mood) WITH FUNCTION casted.to_mood(int); CREATE CAST (casted.mood AS int) WITH INOUT AS IMPLICIT;
      CREATE TABLE casted.a (m casted.mood); INSERT INTO casted.a VALUES ('a'); CREATE VIEW casted.v AS SELECT 1::casted.mood AS m; CREATE VIEW casted.w AS SELECT m FROM casted.a`,
      'casted',
    );
    expect(found).toMatchObject({ differences: [], checked: { tables: 1, rows: 1 } });
    tells(found, 'view "casted.v": it needs the cast (integer AS casted.mood)');
    expect(found.notChecked.join()).not.toContain('casted.w');
  });
});

describe('a schema of which nothing remains', () => {
  it.each([
    [
      'a function in an untrusted language',
      "CREATE SCHEMA gone1; CREATE FUNCTION gone1.f() RETURNS int LANGUAGE internal AS 'pg_backend_pid'",
    ],
    [
      'a type, and a table and a view that need it',
      `CREATE SCHEMA gone2; CREATE TYPE gone2.t; CREATE FUNCTION gone2.i(cstring) RETURNS gone2.t LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
      CREATE FUNCTION gone2.o(gone2.t) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out'; CREATE TYPE gone2.t (INPUT = gone2.i, OUTPUT = gone2.o, LIKE = int4);
      CREATE TABLE gone2.a (t gone2.t); INSERT INTO gone2.a VALUES ('1'); CREATE VIEW gone2.v AS SELECT * FROM gone2.a`,
    ],
  ])('cannot be verified: %s', async (_, sql) => {
    const [, schema = ''] = /CREATE SCHEMA (\w+)/.exec(sql) ?? [];
    expect(await refusalOf(await backupOf(sql, [schema]))).toMatchObject({
      name: 'RehearsalImpossible',
      message: expect.stringMatching(/Nothing of the backup is left to compare.*only a superuser/s),
    });
  });
});
