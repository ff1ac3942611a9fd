import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../../core/manifest.ts';
import type { Home } from './home.ts';
import { sharedHome } from './shared-home.ts';
import type { Rehearsals, Stored } from './support.ts';

/** Backups that need objects outside their schema, restored where those do not exist. */
let scratchRestores: Rehearsals;
let refusalOf: Home['refusalOf'];
const { backupOf, brought } = sharedHome((home) => {
  ({ scratchRestores, refusalOf } = home);
});

describe('a backup that needs what is outside its schema', () => {
  it('is restored without the keys that leave it, and reports which', async () => {
    const found = await brought(
      `CREATE SCHEMA keys; CREATE TABLE keys.a (id int PRIMARY KEY, project text NOT NULL REFERENCES control_plane.projects, up int REFERENCES keys.a);
      INSERT INTO keys.a VALUES (1, 'acme', 1), (2, 'acme', 1)`,
      'keys',
    );
    expect(found.differences).toEqual([]);
    expect(found.checked).toMatchObject({ tables: 1, rows: 2, hashedTables: 1, foreignKeys: 1 });
    expect(found.notChecked).toContainEqual(
      expect.stringMatching(
        /^foreign key "a_project_fkey" of "keys"."a": it refers to a table outside/,
      ),
    );
  });

  it('is reported as different if such a key differs, though it is left out', async () => {
    const one = await backupOf(
      `CREATE SCHEMA others; CREATE TABLE others.a (project text REFERENCES control_plane.projects ON DELETE CASCADE, again text CONSTRAINT late REFERENCES control_plane.projects);
      ALTER TABLE others.a DROP CONSTRAINT late, ADD CONSTRAINT late FOREIGN KEY (again) REFERENCES control_plane.projects NOT VALID;
      CREATE TABLE others.b (project text REFERENCES control_plane.projects DEFERRABLE NOT ENFORCED)`,
      ['others'],
      { format: 'plain', compression: 'none' },
    );
    expect((await scratchRestores.rehearseQuickly(one)).differences).toEqual([]);
    for (const [before, after] of [
      ['ON DELETE CASCADE', 'ON DELETE SET NULL'],
      ['control_plane.projects(id) NOT VALID', 'control_plane.projects(id)'],
      ['REFERENCES control_plane.projects', 'REFERENCES kontrol_plane.projects'],
      ['DEFERRABLE NOT ENFORCED', 'DEFERRABLE'],
    ] as const) {
      const text = one.bytes.toString();
      expect(text).toContain(before);
      const bytes = Buffer.from(text.replace(before, after));
      const { differences } = await scratchRestores.rehearseQuickly({ ...one, bytes });
      expect(differences).toEqual([
        expect.stringMatching(/^foreign key .* is defined otherwise than at the source$/),
      ]);
    }
  });

  it('gets stand-ins for functions, types and sequences', async () => {
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

  it('gets empty tables for its views, its policies and its materialized views', async () => {
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

  it('is independent if it inherits from a table elsewhere, or is a partition of it', async () => {
    const one = await backupOf(
      `CREATE SCHEMA heirs; CREATE TABLE heirs.child (id int NOT NULL, note text) INHERITS (public.ancestor);
      CREATE TABLE heirs.part PARTITION OF public.log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
      CREATE INDEX more ON heirs.part (id, day DESC);
      INSERT INTO heirs.child (id) VALUES (1); INSERT INTO heirs.part VALUES (1)`,
      ['heirs'],
    );
    const found = await scratchRestores.rehearseQuickly(one, 'rows');
    expect(found.differences).toEqual([]);
    expect(found.checked).toMatchObject({ tables: 2, rows: 2, hashedTables: 2 });
    expect(found.notChecked).toContainEqual(expect.stringMatching(/as a child of/));
    expect(found.notChecked).toContainEqual(expect.stringMatching(/as a partition of/));
    // By names alone, its parent's triggers and indexes are no difference either.
    const { definitions: _, ...manifest } = one.manifest;
    expect((await scratchRestores.rehearseQuickly({ ...one, manifest })).differences).toEqual([]);
  });

  it('is named if an operator class of its own has a function of another schema', async () => {
    const sql = `CREATE FUNCTION public.compared(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT btint4cmp($1, $2)';
      CREATE FUNCTION public.hashed(int, bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT $2';
      CREATE SCHEMA sorted; CREATE FUNCTION sorted.own(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
      CREATE OPERATOR CLASS sorted.ops FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 public.compared(int, int);
      CREATE OPERATOR FAMILY sorted.loose USING hash; ALTER OPERATOR FAMILY sorted.loose USING hash ADD FUNCTION 2 (int, int) public.hashed(int, bigint), FUNCTION 1 (int, int) sorted.own(int)`;
    const one = await backupOf(sql, ['sorted']);
    expect(one.manifest.outside).toEqual([
      {
        kind: 'function',
        name: 'public.compared(integer,integer)',
        neededBy: ['sorted.ops USING btree'],
      },
      {
        kind: 'function',
        name: 'public.hashed(integer,bigint)',
        neededBy: ['sorted.loose USING hash'],
      },
    ]);
  });

  it('is bound to the same operators, or to their stand-ins', async () => {
    const sql = `CREATE FUNCTION public.alike(json, json) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1::text = $2::text';
      CREATE FUNCTION public.back(json) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text';
      CREATE OPERATOR public.= (LEFTARG = json, RIGHTARG = json, FUNCTION = public.alike); CREATE OPERATOR public.!! (RIGHTARG = json, FUNCTION = public.back);
      CREATE SCHEMA bound; SET search_path = bound, public;
      CREATE TABLE bound.a (mail citext, other citext, doc json CHECK (doc IS DISTINCT FROM '{}'::json), same boolean GENERATED ALWAYS AS (mail IS NOT DISTINCT FROM other) STORED);
      INSERT INTO bound.a VALUES ('a', 'A', '{"a":1}');
      CREATE VIEW bound.v AS SELECT mail, !! x.doc AS text, 1 OPERATOR(public.===) 2 AS odd FROM a x JOIN a y USING (mail, doc);
      CREATE MATERIALIZED VIEW bound.m AS SELECT mail FROM a JOIN (SELECT 'A'::citext AS mail) b USING (mail); RESET search_path`;
    const one = await backupOf(sql, ['bound'], { format: 'plain', compression: 'none' });
    const { differences, checked, notChecked } = await scratchRestores.rehearseQuickly(one, 'rows');
    expect(differences).toEqual([]);
    expect(checked).toMatchObject({ rows: 1, hashedTables: 1, materializedViews: 1 });
    for (const name of ['===(integer,integer)', '=(json,json)', '!!(NONE,json)'])
      expect(notChecked).toContainEqual(expect.stringContaining(`operator public.${name}`));
    // SQL that binds one of them differently.
    const bytes = Buffer.from(one.bytes.toString().replace('1 OPERATOR(public.===) 2', '1 = 2'));
    expect((await scratchRestores.rehearseQuickly({ ...one, bytes })).differences).toEqual([
      'view bound.v is defined otherwise than at the source',
      'view bound.v is bound to other operators than at the source: without public.===(integer,integer)',
    ]);
  });

  it('is not reported as damaged because a stand-in behaves differently', async () => {
    // In the source the function returns the table's own rule; its stand-in returns NULL.
    const found = await brought(
      `CREATE SCHEMA generated; CREATE TABLE generated.a (t text, short boolean GENERATED ALWAYS AS (public.is_short(t)) STORED NOT NULL);
      INSERT INTO generated.a VALUES ('x')`,
      'generated',
    );
    expect(found).toMatchObject({ differences: [], checked: { rows: 1 } });
    expect(found.unfinished).toBeUndefined();
    expect(found.notChecked).toContainEqual(
      expect.stringMatching(
        /could not be recreated here.*placeholders.*the function public\.is_short\(pg_catalog\.text\)/s,
      ),
    );
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

  it('that the layer lacks cannot be restored, and names them and the setting', async () => {
    const one = await backupOf('CREATE SCHEMA maps; CREATE TABLE maps.a (id int)', ['maps']);
    expect(await refusalOf(withExtension(one, ['maps.places']))).toMatchObject({
      name: 'RehearsalImpossible',
      message: expect.stringMatching(
        /lacks the extension "postgis" 3\.5\.0 \(for maps\.places\).*verification\.extensions/s,
      ),
    });
  });

  it('that nothing stored needs is restored without them, and reports that', async () => {
    const one = await backupOf('CREATE SCHEMA plain; CREATE TABLE plain.a (id int)', ['plain']);
    const found = await scratchRestores.rehearseQuickly(withExtension(one, []));
    expect(found.differences).toEqual([]);
    expect(found.notChecked).toContainEqual(
      expect.stringMatching(
        /^extension "postgis": the server layer lacks it, and nothing in the backup needs it/,
      ),
    );
  });

  it('in its own schema is restored with them', async () => {
    const found = await brought(
      `CREATE SCHEMA pocket; CREATE EXTENSION hstore SCHEMA pocket; CREATE TABLE pocket.a (h pocket.hstore);
      INSERT INTO pocket.a VALUES ('a=>1'), ('b=>2')`,
      'pocket',
    );
    expect(found.differences).toEqual([]);
    expect(found.checked).toMatchObject({ rows: 2, hashedTables: 1 });
  });
});
