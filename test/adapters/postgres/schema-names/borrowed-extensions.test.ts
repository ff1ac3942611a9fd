import { describe, expect, it } from 'vitest';
import type { Postgres } from '../../../support/postgres.ts';
import { openedOn } from '../../../support/servers.ts';
import { INVOICES, withInvoices } from '../support/invoices-extension.ts';
import {
  choose,
  newDatabase,
  placesOf,
  requestOf,
  restore,
  sealed,
  serverOf,
  surveyOf,
  takeBackup,
} from '../support/restoring.ts';

const PARTS = {
  'parts.control': `default_version = '1.0'\nrelocatable = true\ntrusted = true\n`,
  'parts--1.0.sql': "CREATE FUNCTION part() RETURNS int LANGUAGE sql AS 'SELECT 1'",
};

/** An extension of the tenant that has rows of its own, of which the backup holds older ones. */
const on = openedOn([15, 18], async (postgres) => postgres, { ...INVOICES, ...PARTS });
const USES =
  'CREATE TABLE acme.bills (no bigint PRIMARY KEY, form text DEFAULT acme.invoice_form(1))';

const LIVE = `SELECT count(*)::int AS rows, (SELECT last_value::int FROM acme.invoice_no) AS value,
  (SELECT relacl::text FROM pg_class WHERE oid = 'acme.issued'::regclass) AS rights,
  (SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'invoices') AS place FROM acme.issued`;

interface Scene {
  readonly postgres: Postgres;
  readonly database: string;
  readonly target: {
    readonly postgres: Postgres;
    readonly database: string;
    readonly user: string;
  };
  readonly stored: Awaited<ReturnType<typeof takeBackup>>;
  /** What is live of the extension now. */
  live(): Promise<unknown>;
  readonly before: unknown;
}

/** 100 rows in the backup, 400 more since, and a revoked right. */
const scene = async (
  major: number,
  uses = '',
  format: 'custom' | 'plain' = 'custom',
): Promise<Scene> => {
  const postgres = on(major);
  const database = await newDatabase(postgres, withInvoices(uses));
  const stored = await takeBackup(postgres, database, ['acme'], { format });
  await postgres.sql(
    'INSERT INTO acme.issued SELECT FROM generate_series(1, 400); REVOKE INSERT ON acme.issued FROM app_owner',
    database,
  );
  const live = async () => (await postgres.sql(LIVE, database)).rows[0];
  const target = { postgres, database, user: 'postgres' };
  return { postgres, database, target, stored, live, before: await live() };
};

const LEFT_OUT = [
  'the rows of table "acme.issued"',
  'the value of sequence "acme.invoice_no"',
  'rights on table "acme.issued"',
  'rights on sequence "acme.invoice_no"',
];

describe.each([15, 18])('on PostgreSQL %i, rows, values and rights of an extension', (major) => {
  it.each([
    ['that nothing needs', '', 'custom'],
    ['that a table needs', USES, 'custom'],
    ['in a plain backup', USES, 'plain'],
  ] as const)(
    '%s stay unchanged in a restore beside, and are reported',
    async (_, uses, format) => {
      const { target, stored, live, before } = await scene(major, uses, format);
      expect(before).toMatchObject({ rows: 500, value: 500, place: 'acme' });
      const { problems, warnings } = await surveyOf(target, stored);
      expect(problems).toEqual([]);
      expect(warnings.join()).toContain('Extension "invoices" has tables');
      expect(warnings.join().includes('no other session can read')).toBe(uses !== '');
      const { leftOut } = await restore(target, stored);
      expect(leftOut.map(({ what }) => what)).toEqual(
        expect.arrayContaining([...LEFT_OUT, ...(uses ? [] : ['extension "invoices"'])]),
      );
      expect(leftOut[0]?.why).toContain('extension "invoices"');
      expect(await live()).toEqual(before);
    },
  );

  it('stay unchanged after a swap, under the name that they had', async () => {
    const { target, stored, live, before } = await scene(major);
    await restore(target, stored, { mode: 'swap' });
    const places = [
      { from: 'acme', to: 'acme_before' },
      { from: 'acme_restored', to: 'acme' },
    ];
    const { signal } = new AbortController();
    await serverOf(target).rename(sealed(), places, { lockTimeoutMs: 2000, signal });
    expect(await live()).toEqual(before);
  });

  it('stay unchanged when a table is restored into the live schema', async () => {
    const { postgres, database, target, stored, live, before } = await scene(major);
    await postgres.sql('CREATE SCHEMA away; ALTER TABLE acme.orders SET SCHEMA away', database);
    const { tables, entries } = await choose(stored, ['orders']);
    const places = placesOf(stored, '');
    await restore(target, stored, { mode: 'tables-live', tables, entries, places });
    expect(await live()).toEqual(before);
  });

  it('are restored if the restore creates the extension', async () => {
    const { postgres, database, stored, before } = await scene(major, USES);
    const elsewhere = await newDatabase(postgres, 'SELECT');
    const target = { postgres, database: elsewhere, user: 'postgres' };
    const places = placesOf(stored, '');
    const { leftOut } = await restore(target, stored, { mode: 'elsewhere', places });
    expect(leftOut.map(({ what }) => what).filter((what) => LEFT_OUT.includes(what))).toEqual([]);
    expect((await postgres.sql(LIVE, elsewhere)).rows).toMatchObject([{ rows: 100, value: 100 }]);
    expect((await postgres.sql(LIVE, database)).rows).toEqual([before]);
  });

  it('stay unchanged if the other database already has the extension', async () => {
    const { postgres, stored } = await scene(major, USES);
    const elsewhere = await newDatabase(
      postgres,
      withInvoices('INSERT INTO acme.issued SELECT FROM generate_series(1, 7)'),
    );
    const target = { postgres, database: elsewhere, user: 'postgres' };
    await restore(target, stored, { mode: 'elsewhere' });
    const { rows } = await postgres.sql(
      'INSERT INTO acme_restored.bills VALUES (1) RETURNING form',
      elsewhere,
    );
    expect(rows).toEqual([{ form: 'R1' }]);
    expect((await postgres.sql(LIVE, elsewhere)).rows).toMatchObject([{ rows: 107, value: 107 }]);
  });
});

it('an extension with tables that no restored object needs is not locked while the restore runs', async () => {
  const { postgres, database, target, stored } = await scene(18);
  const confirm = async () => {
    const insert = "SET statement_timeout = '2s'; INSERT INTO acme.issued DEFAULT VALUES";
    await postgres.sql(insert, database);
  };
  await serverOf(target).load(await requestOf(stored, { confirm }));
  const { rows } = await postgres.sql(LIVE, database);
  expect(rows).toMatchObject([{ rows: 501, value: 501 }]);
});

describe.each([15, 18])(
  'on PostgreSQL %i, an extension of which another role owns a part',
  (major) => {
    /** Its function belongs to `parts_owner`, all else to the owner of the tenants. */
    const owned = async (grants: string) => {
      const postgres = on(major);
      const database = await newDatabase(
        postgres,
        `CREATE SCHEMA acme; CREATE TABLE acme.orders (id int); INSERT INTO acme.orders VALUES (1); RESET ROLE; CREATE EXTENSION parts SCHEMA acme;
       DO $$ BEGIN CREATE ROLE parts_owner; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
       UPDATE pg_extension SET extowner = 'app_owner'::regrole WHERE extname = 'parts'; ALTER FUNCTION acme.part() OWNER TO parts_owner; SET ROLE app_owner`,
      );
      await postgres.sql(grants, database);
      const stored = await takeBackup(postgres, database, ['acme']);
      return { postgres, database, stored, target: { postgres, database } };
    };
    const places = [
      { from: 'acme', to: 'acme_before' },
      { from: 'acme_restored', to: 'acme' },
    ];
    const members = `SELECT roleid::regrole::text AS role, admin_option AS admin FROM pg_auth_members
    WHERE member = 'larder_restore'::regrole AND roleid = 'parts_owner'::regrole`;

    it('refuses a swap that may not move it, and names the owner and the remedy', async () => {
      const { target, stored, postgres, database } = await owned('SELECT');
      const { problems } = await surveyOf(target, stored, { mode: 'swap' });
      expect(problems).toEqual([
        expect.stringMatching(
          /belongs to "parts_owner".*GRANT "parts_owner" TO "larder_restore"; afterwards: REVOKE "parts_owner" FROM "larder_restore"/,
        ),
      ]);
      await postgres.sql('ALTER FUNCTION acme.part() OWNER TO postgres', database);
      const [problem] = (await surveyOf(target, stored, { mode: 'swap' })).problems;
      expect(problem).toMatch(/belongs to "postgres", a superuser/);
      expect(problem).not.toContain('GRANT');
    });

    it('moves with a swap and is borrowed beside by a role that may make itself a member, and is no member afterwards', async () => {
      const { target, stored, postgres, database } = await owned(
        'GRANT parts_owner TO larder_restore WITH ADMIN OPTION',
      );
      try {
        if (major >= 16)
          await postgres.sql('REVOKE INHERIT OPTION FOR parts_owner FROM larder_restore', database);
        else
          await postgres.sql(
            'REVOKE parts_owner FROM larder_restore; ALTER ROLE larder_restore CREATEROLE',
            database,
          );
        const before = (await postgres.sql(members, database)).rows;
        const { problems, warnings } = await surveyOf(target, stored, { mode: 'swap' });
        expect(problems).toEqual([]);
        expect(warnings.join()).toMatch(/makes itself a member of that role for the statement/);
        await restore(target, stored);
        const { signal } = new AbortController();
        await serverOf(target).rename(sealed(), places, { lockTimeoutMs: 2000, signal });
        const { rows } = await postgres.sql(
          "SELECT extnamespace::regnamespace::text AS place FROM pg_extension WHERE extname = 'parts'",
          database,
        );
        expect(rows).toEqual([{ place: 'acme' }]);
        expect((await postgres.sql(members, database)).rows).toEqual(before);
      } finally {
        await postgres.sql(
          'REVOKE parts_owner FROM larder_restore; ALTER ROLE larder_restore NOCREATEROLE',
          database,
        );
      }
    });
  },
);
