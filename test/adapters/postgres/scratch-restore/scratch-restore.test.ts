import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { completionOf, countsOf } from '../../../../core/completion.ts';
import { restoreGuide } from '../../../../functions/api/restore-guide.ts';
import { backupLetter } from '../../../../functions/notify/backup-letter.ts';
import { mailOf } from '../../../../functions/notify/letter.ts';
import { openBench, type Services } from '../../../functions/export/support.ts';
import { pendingBackup } from '../../../support/backups.ts';
import type { Postgres } from '../../../support/postgres.ts';
import type { Home } from './home.ts';
import { sharedHome } from './shared-home.ts';
import { openRehearsals, type Rehearsals, stored } from './support.ts';

/** Backups as the worker makes them, restored into new scratch servers that have nothing of the source. */
let services: Services;
let postgres: Postgres;
let scratchRestores: Rehearsals;
let refusalOf: Home['refusalOf'];
const { backupOf, brought } = sharedHome((home) => {
  ({ services, postgres, scratchRestores, refusalOf } = home);
});

describe('owners and grants', () => {
  it('are those of the source, of roles that are created for it', async () => {
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

  it('are reported as different if they are restored differently', async () => {
    const one = await backupOf(
      `CREATE SCHEMA lent; CREATE TABLE lent.a (id int, n int); ALTER TABLE lent.a OWNER TO app; ALTER SCHEMA lent OWNER TO app;
      GRANT SELECT ON lent.a TO reporter; GRANT UPDATE (n) ON lent.a TO boss WITH GRANT OPTION; CREATE FUNCTION lent.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
      REVOKE ALL ON FUNCTION lent.f() FROM PUBLIC; ALTER DEFAULT PRIVILEGES IN SCHEMA lent GRANT SELECT ON TABLES TO reporter;
      CREATE TABLE lent.b (); ALTER TABLE lent.b OWNER TO reporter; GRANT USAGE ON SCHEMA lent TO boss; GRANT SELECT ON lent.b TO boss WITH GRANT OPTION;
      SET ROLE boss; GRANT SELECT ON lent.b TO PUBLIC; RESET ROLE; ALTER DEFAULT PRIVILEGES FOR ROLE app IN SCHEMA lent GRANT EXECUTE ON FUNCTIONS TO boss`,
      ['lent'],
      { format: 'plain', compression: 'none' },
    );
    expect(await scratchRestores.rehearseQuickly(one, 'rows')).toMatchObject({
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
      const { differences } = await scratchRestores.rehearseQuickly({
        ...one,
        bytes: Buffer.from(text.replace(before, after)),
      });
      expect(differences).toEqual([`${what} has another owner or other grants than at the source`]);
    }
  });

  it('are left out if they need a membership that no backup holds, which is reported', async () => {
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
  it('whose functions use unqualified names is restored without the check, and reports which and the remedy', async () => {
    const one = await backupOf(
      `CREATE SCHEMA careless; SET search_path = careless; CREATE TABLE words (word text PRIMARY KEY);
      CREATE FUNCTION known(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN EXISTS (SELECT FROM words WHERE word = $1); END';
      CREATE TABLE texts (word text CHECK (known(word))); INSERT INTO words VALUES ('a'); INSERT INTO texts VALUES ('a')`,
      ['careless'],
    );
    const found = await scratchRestores.rehearseQuickly(one, 'rows');
    expect(found).toMatchObject({ differences: [], checked: { tables: 2, rows: 2 } });
    expect(found.unfinished).toEqual([
      expect.objectContaining({
        kind: 'check',
        object: 'constraint "texts_word_check" of table "careless.texts"',
        state: 'not-valid',
        why: expect.stringMatching(/careless\.known.*SET search_path = "careless"/s),
      }),
    ]);
  });

  it('with a partition that is being detached is whole, and has the same definition', async () => {
    const one = await backupOf(
      `CREATE SCHEMA apart; CREATE TABLE apart.t (id int, day int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
      CREATE TABLE apart.t_1 PARTITION OF apart.t FOR VALUES FROM (0) TO (10); CREATE TABLE apart.t_2 PARTITION OF apart.t FOR VALUES FROM (10) TO (20);
      CREATE FUNCTION apart.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE TRIGGER noted BEFORE INSERT ON apart.t FOR EACH ROW EXECUTE FUNCTION apart.noted(); CREATE INDEX ON apart.t (day);
      INSERT INTO apart.t VALUES (1, 1), (2, 11); UPDATE pg_inherits SET inhdetachpending = true WHERE inhrelid = 'apart.t_2'::regclass`,
      ['apart'],
    );
    const found = await scratchRestores.rehearseQuickly(one, 'rows');
    expect(found).toMatchObject({ differences: [], checked: { rows: 2 } });
    expect(found.notChecked).toContainEqual(
      expect.stringContaining('DETACH CONCURRENTLY was pending'),
    );
  });

  it('that needs access methods, languages and transforms of its database is restored with their stand-ins', async () => {
    const one = await backupOf(
      `CREATE ACCESS METHOD "Heap 2" TYPE TABLE HANDLER heap_tableam_handler; CREATE LANGUAGE "my lang" HANDLER plpgsql_call_handler;
      CREATE TRANSFORM FOR int LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal)); CREATE SCHEMA odd; CREATE TABLE odd.a (id int PRIMARY KEY) USING "Heap 2";
      CREATE TABLE odd.b (id int); CREATE MATERIALIZED VIEW odd.m USING "Heap 2" AS SELECT 1 AS one;
      CREATE FUNCTION odd.f(int) RETURNS int TRANSFORM FOR TYPE int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
      CREATE FUNCTION odd.g() RETURNS int LANGUAGE "my lang" AS 'anything'; INSERT INTO odd.a VALUES (1); INSERT INTO odd.b VALUES (2)`,
      ['odd'],
    );
    expect(one.manifest.outside.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['access method', 'language', 'transform']),
    );
    const found = await scratchRestores.rehearseQuickly(one, 'rows');
    expect(found).toMatchObject({ differences: [], checked: { tables: 2, rows: 2 } });
    expect(found.unfinished).toBeUndefined();
    for (const kind of ['access method', 'language', 'transform'])
      expect(found.notChecked).toContainEqual(
        expect.stringMatching(new RegExp(`^${kind} .*placeholder of its form replaced it`)),
      );
    // An older manifest does not record how to create one, and nothing of an altered one is executed as the superuser.
    const sql = 'CREATE ACCESS METHOD x TYPE TABLE HANDLER heap_tableam_handler; CREATE ROLE evil';
    const standIns = one.manifest.standIns?.map((each) => ({ ...each, sql }));
    for (const given of [[], standIns ?? []]) {
      const manifest = { ...one.manifest, standIns: given };
      const { differences } = await scratchRestores.rehearseQuickly({ ...one, manifest }, 'rows');
      expect(differences).toEqual([]);
    }
  });

  it('that only a superuser can create cannot be restored', async () => {
    const one = await backupOf(
      "CREATE SCHEMA mighty; CREATE FUNCTION mighty.f() RETURNS int LANGUAGE internal AS 'pg_backend_pid'",
      ['mighty'],
    );
    expect(await refusalOf(one)).toMatchObject({
      name: 'RehearsalImpossible',
      message: expect.stringContaining('only a superuser may create'),
    });
  });

  it('of the schema public is restored', async () => {
    const own = await postgres.database();
    await postgres.sql('CREATE TABLE public.a (id int); INSERT INTO public.a VALUES (1)', own);
    const bench = await openBench(services, postgres, {
      database: own,
      source: { schemas: ['public'] },
    });
    const found = await scratchRestores.rehearseQuickly(await stored(services, bench, 'public'));
    expect(found).toMatchObject({ differences: [], checked: { rows: 1 } });
  });

  it('of several schemas that need each other is restored', async () => {
    const one = await backupOf(
      `CREATE SCHEMA first; CREATE SCHEMA "sec.ond, third"; CREATE TABLE first.a (id int PRIMARY KEY);
      CREATE TABLE "sec.ond, third".b (id int REFERENCES first.a); INSERT INTO first.a VALUES (1); INSERT INTO "sec.ond, third".b VALUES (1)`,
      ['first', 'sec.ond, third'],
    );
    const found = await scratchRestores.restoreAndCompare(one, 'rows');
    expect(found).toMatchObject({
      differences: [],
      notChecked: [],
      checked: { tables: 2, rows: 2, foreignKeys: 1 },
    });
  });

  it('has the tables and rows that its history, its guide and its mail report, of every kind of table', async () => {
    const kinds = `CREATE SCHEMA kinds; CREATE TABLE kinds.a AS SELECT generate_series(1, 5) AS i;
      CREATE UNLOGGED TABLE kinds.u AS SELECT generate_series(1, 2) AS i; CREATE TABLE kinds.empty ();
      CREATE TABLE kinds.p (i int) PARTITION BY RANGE (i); CREATE TABLE kinds.p1 PARTITION OF kinds.p FOR VALUES FROM (0) TO (10);
      CREATE TABLE kinds.p2 PARTITION OF kinds.p FOR VALUES FROM (10) TO (20); INSERT INTO kinds.p SELECT generate_series(8, 12);
      CREATE TABLE kinds.parent (i int); CREATE TABLE kinds.heir () INHERITS (kinds.parent); INSERT INTO kinds.heir VALUES (1);
      CREATE MATERIALIZED VIEW kinds.m AS SELECT * FROM kinds.a; CREATE VIEW kinds.v AS SELECT * FROM kinds.a`;
    const backup = await backupOf(kinds, ['kinds']);
    const { tableCount, rowCount } = countsOf(backup.manifest.tables);
    expect(tableCount).toBe(8);
    const { checked, differences } = await scratchRestores.rehearseQuickly(backup, 'rows');
    expect(differences).toEqual([]);
    expect(checked).toMatchObject({ tables: tableCount, rows: rowCount });
    const guide = restoreGuide(backup.manifest, { bucket: 'b', tool: 'aws' });
    expect(guide).toContain(`: ${tableCount} tables, ${rowCount} rows |`);
    const completion = completionOf(backup.manifest, '', Date.now());
    expect(completion).toMatchObject({ tableCount, rowCount });
    const row = { ...pendingBackup(), ...completion, status: 'completed' as const };
    expect(mailOf(backupLetter(row)).text).toContain(`${tableCount} tables, ${rowCount} rows`);
  });

  it('of definitions alone is restored, and its rows are reported as not checked', async () => {
    const found = await brought(
      'CREATE SCHEMA drawn; CREATE TABLE drawn.a (id serial PRIMARY KEY); INSERT INTO drawn.a DEFAULT VALUES',
      'drawn',
      { content: 'schema' },
    );
    expect(found).toMatchObject({ differences: [], checked: { tables: 1, rows: 0, objects: 5 } });
    expect(found.notChecked).toContainEqual(expect.stringContaining('definitions only'));
  });

  it('in another encoding is restored with all its rows', async () => {
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
    const found = await scratchRestores.restoreAndCompare(
      await stored(services, bench, 'b'),
      'rows',
    );
    expect(found).toMatchObject({ differences: [], checked: { rows: 2, hashedTables: 1 } });
  });

  it('whose hashes were not computed reports that', async () => {
    const one = await backupOf(
      'CREATE SCHEMA bare; CREATE TABLE bare.a (id int); INSERT INTO bare.a VALUES (1)',
      ['bare'],
    );
    const tables = one.manifest.tables.map(({ rowHash: _, copied: __, ...table }) => table);
    const found = await scratchRestores.rehearseQuickly(
      { ...one, manifest: { ...one.manifest, tables } },
      'rows',
    );
    expect(found).toMatchObject({ differences: [], checked: { rows: 1, hashedTables: 0 } });
    expect(found.notChecked).toContainEqual(expect.stringContaining('contents of all tables'));
  });

  it('whose manifest is from before definitions were listed is compared by names, and reports that', async () => {
    const { manifest, bytes } = await backupOf(
      'CREATE SCHEMA older; CREATE TABLE older.a (id int); CREATE VIEW older.v AS SELECT 1 AS one',
      ['older'],
    );
    const { definitions: _, standIns: __, ...old } = manifest;
    const found = await scratchRestores.rehearseQuickly({ manifest: old, bytes });
    expect(found.differences).toEqual([]);
    expect(found.notChecked).toContainEqual(expect.stringContaining('does not list them'));
    const views = [...old.views, { schema: 'older', name: 'gone' }];
    expect(
      (await scratchRestores.rehearseQuickly({ manifest: { ...old, views, functions: [] }, bytes }))
        .differences,
    ).toEqual(['view "older"."gone" is missing']);
  });

  it('whose definitions were read by an older rule is compared by names, and reports that', async () => {
    const { manifest, bytes } = await backupOf(
      'CREATE SCHEMA ruled; CREATE TABLE ruled.a (id int, n int, CHECK (id - n > 0)); CREATE INDEX i ON ruled.a (id, n)',
      ['ruled'],
    );
    const older = manifest.definitions?.map((one) => ({ ...one, digest: '0123456789abcdef' }));
    const definitions = older?.filter(({ kind }) => kind !== 'schema') ?? [];
    const found = await scratchRestores.rehearseQuickly({
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
    expect(
      (await scratchRestores.rehearseQuickly({ manifest: missing, bytes })).differences,
    ).toEqual(['view "ruled"."v" is missing', 'index ruled.gone is missing']);
  });

  it('that would need more disk space than is free is refused before a server is started', async () => {
    const one = await backupOf('CREATE SCHEMA huge; CREATE TABLE huge.a (id int)', ['huge']);
    const tables = one.manifest.tables.map((table) => ({ ...table, bytes: 1e15 }));
    const tooLarge = scratchRestores.restoreAndCompare({
      ...one,
      manifest: { ...one.manifest, tables },
    });
    await expect(tooLarge).rejects.toMatchObject({ name: 'ScratchTooSmall' });
  });
});

describe('a server that was created for one backup', () => {
  it('is gone with its folder, even if the backup could not be restored', async () => {
    const others = await openRehearsals(18);
    const one = await backupOf('CREATE SCHEMA passing; CREATE TABLE passing.a (id int)', [
      'passing',
    ]);
    await others.restoreAndCompare(one);
    const cut = { ...one, bytes: one.bytes.subarray(0, 100) };
    await expect(others.restoreAndCompare(cut)).rejects.toMatchObject({ name: 'DumpUnreadable' });
    expect(readdirSync(others.temporaryFolder)).toEqual([]);
    await others.end();
  });
});

describe('a sequence', () => {
  it('that advanced during the backup is no difference, one that is behind is', async () => {
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
    const ahead = await scratchRestores.rehearseQuickly(standing('9', '-9'));
    expect(ahead.differences).toEqual([]);
    expect(ahead.notChecked.filter((line) => /it may have advanced/.test(line))).toHaveLength(2);
    expect((await scratchRestores.rehearseQuickly(standing('11', '-11'))).differences).toEqual([
      'sequence "counting"."down" is at -10, and was at -11',
      'sequence "counting"."up" is at 10, and was at 11',
    ]);
  });
});
