import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '../../../../core/manifest.ts';
import { openBench, type Services, startServices } from '../../../functions/export/support.ts';
import { type Postgres, startPostgres } from '../../../support/postgres.ts';
import { openRehearsals, type Rehearsals, type Stored, stored } from './support.ts';

/** Backups as the worker takes them, brought back into scratch servers that are made for them and have nothing of home. */
const SHARED = `
CREATE ROLE app; CREATE ROLE reporter; CREATE ROLE boss; GRANT boss TO reporter;
CREATE SCHEMA extensions;
CREATE EXTENSION pg_trgm SCHEMA extensions;
CREATE EXTENSION citext SCHEMA public;
CREATE SCHEMA control_plane;
CREATE TABLE control_plane.projects (id text PRIMARY KEY, name text NOT NULL, mail public.citext);
INSERT INTO control_plane.projects VALUES ('acme', 'Acme');
CREATE TYPE public.tone AS ENUM ('low', 'high');
CREATE DOMAIN public.percent AS numeric(5, 2) CHECK (VALUE BETWEEN 0 AND 100);
CREATE SEQUENCE public.numbers;
CREATE FUNCTION public.set_updated_at() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.updated_at := now(); RETURN NEW; END';
CREATE FUNCTION public.new_id(prefix text DEFAULT 'x') RETURNS text LANGUAGE sql AS 'SELECT $1 || gen_random_uuid()';
CREATE FUNCTION public.is_short(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT length($1) < 100';
CREATE FUNCTION public.same(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE TABLE public.ancestor (born date NOT NULL DEFAULT '2000-01-01' CHECK (born > '1900-01-01'), made_by text DEFAULT current_user, big text);
ALTER TABLE public.ancestor ALTER big SET STORAGE EXTERNAL;
CREATE TABLE public.log (id bigint NOT NULL CHECK (id > 0), day date NOT NULL DEFAULT '2026-01-01', PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TRIGGER logged AFTER UPDATE ON public.log FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
CREATE INDEX by_day ON public.log (day);
CREATE OPERATOR public.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = public.same);
`;

let services: Services;
let postgres: Postgres;
let rehearsals: Rehearsals;
let database: string;
beforeAll(async () => {
  services = await startServices();
  postgres = await startPostgres(18);
  rehearsals = await openRehearsals(18);
  database = await postgres.database();
  await postgres.sql(SHARED, database);
});
afterAll(async () => {
  await rehearsals.end();
  await postgres.stop();
  await services.stop();
});

/** Makes the schemas and takes a backup of them. */
const backupOf = async (sql: string, schemas: readonly string[], given = {}): Promise<Stored> => {
  await postgres.sql(sql, database);
  const bench = await openBench(services, postgres, {
    database,
    source:
      schemas.length > 1
        ? { sharedSchemas: [...schemas], schemas: ['x'] }
        : { schemas: [...schemas] },
    settings: { compare: 'rows' },
  });
  return await stored(
    services,
    bench,
    schemas.length > 1 ? '_shared-main' : (schemas[0] ?? ''),
    given,
  );
};

const brought = async (sql: string, schema: string, given = {}) =>
  await rehearsals.rehearseQuickly(await backupOf(sql, [schema], given), 'rows');

const refusalOf = async (one: Pick<Stored, 'manifest' | 'bytes'>): Promise<Error> =>
  rehearsals.rehearseQuickly(one, 'rows').then(
    () => new Error('it was brought back'),
    (error: Error) => error,
  );

describe('a backup that needs what is outside its schema', () => {
  it('is brought back without the keys that leave it, and says which', async () => {
    const found = await brought(
      `CREATE SCHEMA keys; CREATE TABLE keys.a (id int PRIMARY KEY, project text NOT NULL REFERENCES control_plane.projects, up int REFERENCES keys.a);
      INSERT INTO keys.a VALUES (1, 'acme', 1), (2, 'acme', 1)`,
      'keys',
    );
    expect(found.differences).toEqual([]);
    expect(found.checked).toMatchObject({ tables: 1, rows: 2, hashedTables: 1, foreignKeys: 1 });
    expect(found.notChecked).toContainEqual(
      expect.stringMatching(
        /^foreign key "a_project_fkey" of "keys"."a": it leads to a table outside/,
      ),
    );
  });

  it('is found to differ where such a key is another one, though it is left out', async () => {
    const one = await backupOf(
      `CREATE SCHEMA others; CREATE TABLE others.a (project text REFERENCES control_plane.projects ON DELETE CASCADE, again text CONSTRAINT late REFERENCES control_plane.projects);
      ALTER TABLE others.a DROP CONSTRAINT late, ADD CONSTRAINT late FOREIGN KEY (again) REFERENCES control_plane.projects NOT VALID;
      CREATE TABLE others.b (project text REFERENCES control_plane.projects DEFERRABLE NOT ENFORCED)`,
      ['others'],
      { format: 'plain', compression: 'none' },
    );
    expect((await rehearsals.rehearseQuickly(one)).differences).toEqual([]);
    for (const [before, after] of [
      ['ON DELETE CASCADE', 'ON DELETE SET NULL'],
      ['control_plane.projects(id) NOT VALID', 'control_plane.projects(id)'],
      ['REFERENCES control_plane.projects', 'REFERENCES kontrol_plane.projects'],
      ['DEFERRABLE NOT ENFORCED', 'DEFERRABLE'],
    ] as const) {
      const text = one.bytes.toString();
      expect(text).toContain(before);
      const bytes = Buffer.from(text.replace(before, after));
      const { differences } = await rehearsals.rehearseQuickly({ ...one, bytes });
      expect(differences).toEqual([
        expect.stringMatching(/^foreign key .* is not defined as it was$/),
      ]);
    }
  });

  it('finds stand-ins for functions, types and sequences', async () => {
    const found = await brought(
      `CREATE SCHEMA tools; CREATE TABLE tools.a (id text DEFAULT public.new_id('p') PRIMARY KEY, tone public.tone[] DEFAULT '{low}', rate public.percent,
        n bigint DEFAULT nextval('public.numbers'), mail public.citext UNIQUE, title text CHECK (public.is_short(title)), updated_at timestamptz);
      CREATE INDEX ON tools.a USING gin (title extensions.gin_trgm_ops);
      CREATE TRIGGER updated BEFORE UPDATE ON tools.a FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
      INSERT INTO tools.a (rate, mail, title) SELECT n, n || '@x', 'title ' || n FROM generate_series(1, 20) n`,
      'tools',
    );
    expect(found.differences).toEqual([]);
    expect(found.checked).toMatchObject({ rows: 20, hashedTables: 1 });
    for (const name of [
      'function public.set_updated_at()',
      'function public.new_id(pg_catalog.text)',
      'type public.tone',
      'type public.percent',
      'sequence public.numbers',
    ]) {
      expect(found.notChecked).toContainEqual(
        expect.stringContaining(`${name}: it is outside the schema`),
      );
    }
  });

  it('finds empty tables for its views, its policies and its materialized views', async () => {
    const found = await brought(
      `CREATE SCHEMA views; CREATE TABLE views.a (id int, project text, at timestamptz);
      CREATE VIEW views.named AS SELECT a.id, p.name, p.mail FROM views.a JOIN control_plane.projects p ON p.id = a.project;
      CREATE MATERIALIZED VIEW views.counted AS SELECT p.name, count(*) AS n FROM control_plane.projects p GROUP BY p.id;
      CREATE VIEW views.over AS SELECT n FROM views.counted;
      ALTER TABLE views.a ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
      CREATE POLICY own ON views.a TO app USING (EXISTS (SELECT FROM control_plane.projects p WHERE p.id = project));
      CREATE FUNCTION views.of_project(p control_plane.projects) RETURNS text LANGUAGE sql AS 'SELECT p.name';
      INSERT INTO views.a VALUES (1, 'acme', now())`,
      'views',
    );
    expect(found.differences).toEqual([]);
    expect(found.checked).toMatchObject({ rows: 1, materializedViews: 1 });
    expect(found.notChecked).toContainEqual(
      expect.stringMatching(
        /^materialized view "views"."counted": it has 0 rows once refreshed, and had 1/,
      ),
    );
  });

  it('stands on its own where it inherits from elsewhere, or is a partition of it', async () => {
    const found = await brought(
      `CREATE SCHEMA heirs; CREATE TABLE heirs.child (id int NOT NULL, note text) INHERITS (public.ancestor);
      CREATE TABLE heirs.part PARTITION OF public.log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
      CREATE INDEX more ON heirs.part (id, day DESC);
      INSERT INTO heirs.child (id) VALUES (1); INSERT INTO heirs.part VALUES (1)`,
      'heirs',
    );
    expect(found.differences).toEqual([]);
    expect(found.checked).toMatchObject({ tables: 2, rows: 2, hashedTables: 2 });
    expect(found.notChecked).toContainEqual(expect.stringMatching(/as an heir of/));
    expect(found.notChecked).toContainEqual(expect.stringMatching(/as a partition of/));
  });

  it('can not be brought back where nothing can stand in, which is named', async () => {
    const one = await backupOf(
      'CREATE SCHEMA operators; CREATE VIEW operators.v AS SELECT 1 OPERATOR(public.===) 2 AS same',
      ['operators'],
    );
    expect(await refusalOf(one)).toMatchObject({
      name: 'RehearsalImpossible',
      message: expect.stringMatching(
        /needs the operator public\.===\(integer,integer\) \(for operators\.v\).*nothing can stand in/,
      ),
    });
  });

  it('is not called damaged for what a stand-in does otherwise', async () => {
    // At home the function gives the table's own rule; its stand-in gives NULL.
    const one = await backupOf(
      `CREATE SCHEMA generated; CREATE TABLE generated.a (t text, short boolean GENERATED ALWAYS AS (public.is_short(t)) STORED NOT NULL);
      INSERT INTO generated.a VALUES ('x')`,
      ['generated'],
    );
    expect(await refusalOf(one)).toMatchObject({
      name: 'RehearsalImpossible',
      message: expect.stringMatching(
        /can't be told, since.*the function public\.is_short\(pg_catalog\.text\)/s,
      ),
    });
  });
});

describe('a backup that needs extensions', () => {
  const withExtension = ({ manifest, bytes }: Stored, neededBy: readonly string[]) => ({
    bytes,
    manifest: {
      ...manifest,
      extensions: [...manifest.extensions, { name: 'postgis', version: '3.5.0', schema: 'public' }],
      outside: [
        ...manifest.outside,
        ...(neededBy.length
          ? [{ kind: 'extension', name: 'postgis', neededBy: [...neededBy] }]
          : []),
      ],
    } satisfies Manifest,
  });

  it('that the layer lacks can not be brought back, and names them and the setting', async () => {
    const one = await backupOf('CREATE SCHEMA maps; CREATE TABLE maps.a (id int)', ['maps']);
    expect(await refusalOf(withExtension(one, ['maps.places']))).toMatchObject({
      name: 'RehearsalImpossible',
      message: expect.stringMatching(
        /lacks the extension "postgis" 3\.5\.0 \(for maps\.places\).*verification\.extensions/s,
      ),
    });
  });

  it('that nothing stored needs is brought back without them, and says so', async () => {
    const one = await backupOf('CREATE SCHEMA plain; CREATE TABLE plain.a (id int)', ['plain']);
    const found = await rehearsals.rehearseQuickly(withExtension(one, []));
    expect(found.differences).toEqual([]);
    expect(found.notChecked).toContainEqual(
      expect.stringMatching(
        /^extension "postgis": the server layer lacks it, and nothing stored needs it/,
      ),
    );
  });

  it('that live in its own schema is brought back with them', async () => {
    const found = await brought(
      `CREATE SCHEMA pocket; CREATE EXTENSION hstore SCHEMA pocket; CREATE TABLE pocket.a (h pocket.hstore);
      INSERT INTO pocket.a VALUES ('a=>1'), ('b=>2')`,
      'pocket',
    );
    expect(found.differences).toEqual([]);
    expect(found.checked).toMatchObject({ rows: 2, hashedTables: 1 });
  });
});

describe('owners and grants', () => {
  it('are those of home, of roles that are made for it', async () => {
    const found = await brought(
      `CREATE SCHEMA owned; CREATE TABLE owned.a (id int); ALTER TABLE owned.a OWNER TO app; REVOKE ALL ON owned.a FROM app;
      CREATE MATERIALIZED VIEW owned.m AS SELECT 1 AS one; ALTER MATERIALIZED VIEW owned.m OWNER TO reporter;
      GRANT USAGE ON SCHEMA owned TO reporter; ALTER DEFAULT PRIVILEGES IN SCHEMA owned GRANT SELECT ON TABLES TO reporter;
      ALTER SCHEMA owned OWNER TO app; INSERT INTO owned.a VALUES (1)`,
      'owned',
    );
    expect(found).toMatchObject({
      differences: [],
      notChecked: [],
      checked: { rows: 1, materializedViews: 1 },
    });
  });

  it('are found to differ where they came back as others', async () => {
    const one = await backupOf(
      `CREATE SCHEMA lent; CREATE TABLE lent.a (id int, n int); ALTER TABLE lent.a OWNER TO app; ALTER SCHEMA lent OWNER TO app;
      GRANT SELECT ON lent.a TO reporter; GRANT UPDATE (n) ON lent.a TO boss WITH GRANT OPTION; CREATE FUNCTION lent.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
      REVOKE ALL ON FUNCTION lent.f() FROM PUBLIC; ALTER DEFAULT PRIVILEGES IN SCHEMA lent GRANT SELECT ON TABLES TO reporter;
      CREATE TABLE lent.b (); ALTER TABLE lent.b OWNER TO reporter; GRANT USAGE ON SCHEMA lent TO boss; GRANT SELECT ON lent.b TO boss WITH GRANT OPTION;
      SET ROLE boss; GRANT SELECT ON lent.b TO PUBLIC; RESET ROLE; ALTER DEFAULT PRIVILEGES FOR ROLE app IN SCHEMA lent GRANT EXECUTE ON FUNCTIONS TO boss`,
      ['lent'],
      { format: 'plain', compression: 'none' },
    );
    expect(await rehearsals.rehearseQuickly(one, 'rows')).toMatchObject({
      differences: [],
      notChecked: [],
    });
    const text = one.bytes.toString();
    for (const [before, after, what] of [
      ['ALTER TABLE lent.a OWNER TO app;', 'ALTER TABLE lent.a OWNER TO boss;', 'table lent.a'],
      ['GRANT SELECT ON TABLE lent.a TO reporter;', '', 'table lent.a'],
      [
        'GRANT UPDATE(n) ON TABLE lent.a TO boss WITH GRANT OPTION;',
        'GRANT UPDATE(n) ON TABLE lent.a TO boss;',
        'table lent.a',
      ],
      ['REVOKE ALL ON FUNCTION lent.f() FROM PUBLIC;', '', 'function lent.f()'],
      ['GRANT SELECT ON TABLE lent.b TO PUBLIC;', '', 'table lent.b'],
      ['ON TABLE lent.a TO reporter;', 'ON TABLE lent.a TO somebody;', 'table lent.a'],
      [/ALTER DEFAULT PRIVILEGES .*;/, '', 'schema lent'],
    ] as const) {
      expect(text.replace(before, after)).not.toBe(text);
      const { differences } = await rehearsals.rehearseQuickly({
        ...one,
        bytes: Buffer.from(text.replace(before, after)),
      });
      expect(differences).toEqual([`${what} has not the owner and the grants that it had`]);
    }
  });

  it('are left out where they need a membership that no backup holds, and it is said', async () => {
    const found = await brought(
      `CREATE SCHEMA members; CREATE TABLE members.a (id int); ALTER TABLE members.a OWNER TO boss;
      GRANT USAGE, CREATE ON SCHEMA members TO boss, reporter;
      CREATE MATERIALIZED VIEW members.m AS SELECT * FROM members.a; ALTER MATERIALIZED VIEW members.m OWNER TO reporter`,
      'members',
    );
    expect(found.differences).toEqual([]);
    expect(found.notChecked).toContainEqual(expect.stringMatching(/^owners and grants: /));
  });
});

describe('a backup', () => {
  it('whose functions name nothing by its schema fails, and says which and what mends it', async () => {
    const one = await backupOf(
      `CREATE SCHEMA careless; SET search_path = careless; CREATE TABLE words (word text PRIMARY KEY);
      CREATE FUNCTION known(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN EXISTS (SELECT FROM words WHERE word = $1); END';
      CREATE TABLE texts (word text CHECK (known(word))); INSERT INTO words VALUES ('a'); INSERT INTO texts VALUES ('a')`,
      ['careless'],
    );
    expect(await refusalOf(one)).toMatchObject({
      name: 'StatementRefused',
      message: expect.stringMatching(/careless\.known.*SET search_path = "careless"/s),
    });
  });

  it('that only a superuser can make can not be brought back', async () => {
    const one = await backupOf(
      "CREATE SCHEMA mighty; CREATE FUNCTION mighty.f() RETURNS int LANGUAGE internal AS 'pg_backend_pid'",
      ['mighty'],
    );
    expect(await refusalOf(one)).toMatchObject({
      name: 'RehearsalImpossible',
      message: expect.stringContaining('only a superuser may make'),
    });
  });

  it('of the schema public is brought back', async () => {
    const own = await postgres.database();
    await postgres.sql('CREATE TABLE public.a (id int); INSERT INTO public.a VALUES (1)', own);
    const bench = await openBench(services, postgres, {
      database: own,
      source: { schemas: ['public'] },
    });
    const found = await rehearsals.rehearseQuickly(await stored(services, bench, 'public'));
    expect(found).toMatchObject({ differences: [], checked: { rows: 1 } });
  });

  it('of several schemas that need each other is brought back', async () => {
    const one = await backupOf(
      `CREATE SCHEMA first; CREATE SCHEMA "sec.ond, third"; CREATE TABLE first.a (id int PRIMARY KEY);
      CREATE TABLE "sec.ond, third".b (id int REFERENCES first.a); INSERT INTO first.a VALUES (1); INSERT INTO "sec.ond, third".b VALUES (1)`,
      ['first', 'sec.ond, third'],
    );
    const found = await rehearsals.rehearse(one, 'rows');
    expect(found).toMatchObject({
      differences: [],
      notChecked: [],
      checked: { tables: 2, rows: 2, foreignKeys: 1 },
    });
  });

  it('of definitions alone is brought back, and its rows are said to be not checked', async () => {
    const found = await brought(
      'CREATE SCHEMA drawn; CREATE TABLE drawn.a (id serial PRIMARY KEY); INSERT INTO drawn.a DEFAULT VALUES',
      'drawn',
      { content: 'schema' },
    );
    expect(found).toMatchObject({ differences: [], checked: { tables: 0, rows: 0, objects: 5 } });
    expect(found.notChecked).toContainEqual(expect.stringContaining('definitions only'));
  });

  it('in another encoding is brought back with all its rows', async () => {
    await postgres.sql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
    await postgres.sql(
      "SET client_encoding = 'UTF8'; CREATE SCHEMA b; CREATE TABLE b.a (t text); INSERT INTO b.a VALUES ('Größe'), ('naïve')",
      'latin',
    );
    const bench = await openBench(services, postgres, {
      database: 'latin',
      source: { schemas: ['b'] },
      settings: { compare: 'rows' },
    });
    const found = await rehearsals.rehearse(await stored(services, bench, 'b'), 'rows');
    expect(found).toMatchObject({ differences: [], checked: { rows: 2, hashedTables: 1 } });
  });

  it('whose hashes were not taken says so', async () => {
    const one = await backupOf(
      'CREATE SCHEMA bare; CREATE TABLE bare.a (id int); INSERT INTO bare.a VALUES (1)',
      ['bare'],
    );
    const tables = one.manifest.tables.map(({ rowHash: _, ...table }) => table);
    const found = await rehearsals.rehearseQuickly(
      { ...one, manifest: { ...one.manifest, tables } },
      'rows',
    );
    expect(found).toMatchObject({ differences: [], checked: { rows: 1, hashedTables: 0 } });
    expect(found.notChecked).toContainEqual(expect.stringContaining('contents of all tables'));
  });

  it('whose manifest is of before definitions were listed is compared by names, and says so', async () => {
    const { manifest, bytes } = await backupOf(
      'CREATE SCHEMA older; CREATE TABLE older.a (id int); CREATE VIEW older.v AS SELECT 1 AS one',
      ['older'],
    );
    const { definitions: _, standIns: __, ...old } = manifest;
    const found = await rehearsals.rehearseQuickly({ manifest: old, bytes });
    expect(found.differences).toEqual([]);
    expect(found.notChecked).toContainEqual(expect.stringContaining('does not list them'));
    const views = [...old.views, { schema: 'older', name: 'gone' }];
    expect(
      (await rehearsals.rehearseQuickly({ manifest: { ...old, views, functions: [] }, bytes }))
        .differences,
    ).toEqual(['view "older"."gone" is missing']);
  });

  it('whose definitions were looked at by an older rule is compared by names, and says so', async () => {
    const { manifest, bytes } = await backupOf(
      'CREATE SCHEMA ruled; CREATE TABLE ruled.a (id int, n int, CHECK (id - n > 0)); CREATE INDEX i ON ruled.a (id, n)',
      ['ruled'],
    );
    const older = manifest.definitions?.map((one) => ({ ...one, digest: '0123456789abcdef' }));
    const definitions = older?.filter(({ kind }) => kind !== 'schema') ?? [];
    const found = await rehearsals.rehearseQuickly({
      manifest: { ...manifest, definitions },
      bytes,
    });
    expect(found.differences).toEqual([]);
    expect(found.notChecked).toContainEqual(expect.stringContaining('by another rule'));
    const gone = { kind: 'index', name: 'ruled.gone', digest: '0123456789abcdef' };
    const missing = {
      ...manifest,
      definitions: [...definitions, gone],
      views: [{ schema: 'ruled', name: 'v' }],
    };
    expect((await rehearsals.rehearseQuickly({ manifest: missing, bytes })).differences).toEqual([
      'view "ruled"."v" is missing',
      'index ruled.gone is missing',
    ]);
  });

  it('that would need more room than there is is refused before a server is begun', async () => {
    const one = await backupOf('CREATE SCHEMA huge; CREATE TABLE huge.a (id int)', ['huge']);
    const tables = one.manifest.tables.map((table) => ({ ...table, bytes: 1e15 }));
    const tooLarge = rehearsals.rehearse({ ...one, manifest: { ...one.manifest, tables } });
    await expect(tooLarge).rejects.toMatchObject({ name: 'ScratchTooSmall' });
  });
});

describe('a server that was made for one backup', () => {
  it('is gone with its folder, also where the backup could not be brought back', async () => {
    const others = await openRehearsals(18);
    const one = await backupOf('CREATE SCHEMA passing; CREATE TABLE passing.a (id int)', [
      'passing',
    ]);
    await others.rehearse(one);
    const cut = { ...one, bytes: one.bytes.subarray(0, 100) };
    await expect(others.rehearse(cut)).rejects.toMatchObject({ name: 'DumpUnreadable' });
    expect(readdirSync(others.temporaryFolder)).toEqual([]);
    await others.end();
  });
});

describe('a sequence', () => {
  it('that went on while the backup was taken is no difference, one that is behind is', async () => {
    const { manifest, bytes } = await backupOf(
      "CREATE SCHEMA counting; CREATE SEQUENCE counting.up; CREATE SEQUENCE counting.down INCREMENT -1; SELECT setval('counting.up', 10), setval('counting.down', -10)",
      ['counting'],
    );
    const standing = (up: string, down: string) => ({
      bytes,
      manifest: {
        ...manifest,
        sequences: manifest.sequences.map((one) => ({
          ...one,
          value: one.name === 'up' ? up : down,
        })),
      },
    });
    const ahead = await rehearsals.rehearseQuickly(standing('9', '-9'));
    expect(ahead.differences).toEqual([]);
    expect(ahead.notChecked.filter((line) => /it may have gone on/.test(line))).toHaveLength(2);
    expect((await rehearsals.rehearseQuickly(standing('11', '-11'))).differences).toEqual([
      'sequence "counting"."down" stands at -10, and stood at -11',
      'sequence "counting"."up" stands at 10, and stood at 11',
    ]);
  });
});
