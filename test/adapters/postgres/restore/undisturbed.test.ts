import { describe, expect, it } from 'vitest';
import { uuidv7 } from '../../../../core/ids.ts';
import type { Postgres } from '../../../support/postgres.ts';
import { serversOf } from '../../../support/servers.ts';
import {
  newDatabase,
  requestOf,
  restore,
  sealed,
  serverOf,
  sessionsLeft,
  takeBackup,
} from '../support/restoring.ts';
import { flowing, startTraffic, type Work } from '../support/traffic.ts';

/** What a restore must not do to the application that runs meanwhile. */
const TENANT = `
  CREATE SCHEMA shared; CREATE TABLE shared.users (id int PRIMARY KEY, name text);
  INSERT INTO shared.users SELECT n, 'u' || n FROM generate_series(1, 1000) n;
  CREATE SCHEMA acme;
  CREATE TABLE acme.log (id bigint PRIMARY KEY, v text);
  CREATE TABLE acme.orders (id serial PRIMARY KEY, owner int NOT NULL REFERENCES shared.users, v text);
  CREATE TABLE acme.days (day date NOT NULL, n int, PRIMARY KEY (day, n)) PARTITION BY RANGE (day);
  CREATE TABLE acme.days_26 PARTITION OF acme.days FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
  INSERT INTO acme.orders (owner, v) SELECT n % 1000 + 1, md5(n::text) FROM generate_series(1, 60000) n;
  INSERT INTO acme.days SELECT '2026-01-01'::date + n % 365, n FROM generate_series(1, 5000) n;
  CREATE INDEX ON acme.orders (v); CREATE INDEX ON acme.orders (owner, v);
  CREATE VIEW acme.named AS SELECT o.id, u.name FROM acme.orders o JOIN shared.users u ON u.id = o.owner;
  CREATE MATERIALIZED VIEW acme.counts AS SELECT owner, count(*) FROM acme.orders GROUP BY owner;
  CREATE FUNCTION acme.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
  CREATE TRIGGER touching BEFORE INSERT ON acme.log FOR EACH ROW EXECUTE FUNCTION acme.touch();`;

const options = { lockTimeoutMs: 2000, signal: new AbortController().signal };
const on = serversOf(15, 18);

const writing: Work = async (client, number) => {
  await client.query('INSERT INTO acme.log VALUES ($1, $2)', [number, 'x']);
  return true;
};
/** With its name looked up by the search_path, and its plan kept. */
const writingPrepared: Work = async (client, number) => {
  if (number % 10_000_000 === 0) await client.query('SET search_path = acme');
  await client.query({
    name: 'put',
    text: 'INSERT INTO log VALUES ($1, $2)',
    values: [number, 'p'],
  });
  return true;
};
/** In a transaction that has looked at the table before it writes. */
const writingSlowly: Work = async (client, number) => {
  await client.query('BEGIN');
  await client.query('SELECT count(*) FROM acme.days');
  await client.query('INSERT INTO acme.log VALUES ($1, $2)', [number, 's']);
  await client.query('COMMIT');
  return true;
};
const reading: Work = async (client) => {
  const found = await client.query('SELECT count(*)::int AS n FROM acme.named WHERE id < 500');
  if (found.rows[0].n !== 499) throw new Error(`${found.rows[0].n} rows were read`);
  return false;
};
const updating: Work = async (client, number) => {
  await client.query('UPDATE acme.orders SET v = $1 WHERE id = $2', ['w', (number % 400) + 1]);
  return false;
};
const writingShared: Work = async (client, number) => {
  await client.query('INSERT INTO shared.users VALUES ($1, $2)', [number + 2000, 'new']);
  await client.query('UPDATE shared.users SET name = $1 WHERE id = $2', ['n', (number % 1000) + 1]);
  return false;
};

const loggedIn = async (
  postgres: Postgres,
  database: string,
  tables: string,
): Promise<Set<number>> => {
  const { rows } = await postgres.sql(tables, database);
  return new Set(rows.map(({ id }: { id: string }) => Number(id)));
};

describe.each([15, 18])('on PostgreSQL %i', (major) => {
  it('the live schema is read and written all the time, and no statement waits or is lost', async () => {
    const postgres = on(major);
    const database = await newDatabase(postgres, TENANT);
    const stored = await takeBackup(postgres, database, ['acme']);
    const target = { postgres, database };
    const traffic = await startTraffic(postgres, database, [
      writing,
      writingPrepared,
      reading,
      updating,
      writingShared,
    ]);
    await flowing(traffic);
    const loaded = await restore(target, stored);
    const keys = await serverOf(target).addForeignKeys(loaded.foreignKeys, options);
    await flowing(traffic);
    const { acknowledged, failures } = await traffic.stop();
    expect(failures).toEqual([]);
    expect(keys).toMatchObject([{ name: 'orders_owner_fkey', state: 'valid' }]);
    const ids = await loggedIn(postgres, database, 'SELECT id FROM acme.log');
    expect(acknowledged.filter((number) => !ids.has(number))).toEqual([]);
    expect(ids.size).toBe(acknowledged.length);
    const copy = await postgres.sql('SELECT count(*)::int AS n FROM acme_restored.log', database);
    expect(copy.rows[0].n).toBe(0);
  });

  it('names are exchanged and exchanged back under writes, each of which is in one schema or the other', async () => {
    const postgres = on(major);
    const database = await newDatabase(postgres, TENANT);
    const stored = await takeBackup(postgres, database, ['acme']);
    const target = { postgres, database };
    const server = serverOf(target);
    await restore(target, stored);
    const traffic = await startTraffic(postgres, database, [
      writing,
      writingPrepared,
      writingSlowly,
      reading,
    ]);
    const there = [
      { from: 'acme', to: 'acme_before' },
      { from: 'acme_restored', to: 'acme' },
    ];
    const back = [
      { from: 'acme', to: 'acme_restored' },
      { from: 'acme_before', to: 'acme' },
    ];
    let acknowledgedBefore = 0;
    for (const places of [there, back, there]) {
      await flowing(traffic);
      expect(await server.rename(sealed(), places, options)).toMatchObject({ names: 'renamed' });
      acknowledgedBefore += 1;
    }
    await flowing(traffic);
    const { acknowledged, failures } = await traffic.stop();
    expect(failures).toEqual([]);
    expect(acknowledgedBefore).toBe(3);
    const old = await loggedIn(postgres, database, 'SELECT id FROM acme_before.log');
    const now = await loggedIn(postgres, database, 'SELECT id FROM acme.log');
    expect(acknowledged.filter((number) => !old.has(number) && !now.has(number))).toEqual([]);
    expect([...old].filter((number) => now.has(number))).toEqual([]);
    expect(old.size + now.size).toBe(acknowledged.length);
    expect(old.size).toBeGreaterThan(0);
    expect(now.size).toBeGreaterThan(0);
  });

  it('a writer that had begun is waited for, and its row is in the old schema', async () => {
    const postgres = on(major);
    const database = await newDatabase(postgres, TENANT);
    const stored = await takeBackup(postgres, database, ['acme']);
    const target = { postgres, database };
    await restore(target, stored);
    const writer = await postgres.session(database);
    await writer.query('BEGIN; INSERT INTO acme.log VALUES (-2, $$begun$$)');
    const restoreId = uuidv7(Date.now());
    const places = [
      { from: 'acme', to: 'acme_before' },
      { from: 'acme_restored', to: 'acme' },
    ];
    const renaming = serverOf(target).rename(sealed(restoreId), places, options);
    // While it waits, others write: it releases its locks again and again.
    const traffic = await startTraffic(postgres, database, [writing, writingPrepared]);
    await flowing(traffic, 300);
    await writer.query('INSERT INTO acme.log VALUES (-1, $$begun$$)');
    await writer.query('COMMIT');
    await writer.end();
    expect(await renaming).toMatchObject({ names: 'renamed' });
    expect((await traffic.stop()).failures).toEqual([]);
    const old = await loggedIn(
      postgres,
      database,
      'SELECT id FROM acme_before.log WHERE v = $$begun$$ ORDER BY id',
    );
    expect([...old]).toEqual([-2, -1]);
    expect(await serverOf(target).rename(sealed(restoreId), places, options)).toMatchObject({
      names: 'already',
    });
  });
});

describe('a session that alters a shared table', () => {
  it.each([
    ['', 15],
    ['', 18],
    [' whatever name the session was given by code of the tenant', 15],
    [' whatever name the session was given by code of the tenant', 18],
  ] as const)(
    'is made room for, and the restore is tried again later%s (PostgreSQL %i)',
    async (hides, major) => {
      const postgres = on(major);
      const database = await newDatabase(
        postgres,
        `${TENANT}; CREATE TABLE acme.hidden (n int CHECK (set_config('application_name', 'psql', false) <> '')); ${hides ? 'INSERT INTO acme.hidden VALUES (1)' : ''}`,
      );
      const stored = await takeBackup(postgres, database, ['acme']);
      const target = { postgres, database, giveWayAfterSeconds: 0.5 };
      let go: () => void = () => undefined;
      const gone = new Promise<void>((resolve) => {
        go = resolve;
      });
      let loaded: () => void = () => undefined;
      const isLoaded = new Promise<void>((resolve) => {
        loaded = resolve;
      });
      const confirm = async (): Promise<void> => {
        loaded();
        await gone;
      };
      const loading = serverOf(target).load(await requestOf(stored, { confirm }));
      await isLoaded;
      const altering = postgres.sql('ALTER TABLE shared.users ADD COLUMN more int', database);
      await expect(loading).rejects.toMatchObject({ name: 'RestoreInterrupted', retryable: true });
      await expect(loading).rejects.toThrow(/gave way to other sessions/);
      await altering;
      go();
    },
  );
});

it.each([15, 18])(
  'sessions that a dead worker left on PostgreSQL %i are ended whatever name tenant code gave them',
  async (major) => {
    const postgres = on(major);
    const database = await newDatabase(
      postgres,
      `CREATE SCHEMA acme; CREATE TABLE acme.hidden (n int CHECK (set_config('application_name', 'psql', false) <> ''
         AND pg_advisory_unlock_all() IS NOT NULL)); INSERT INTO acme.hidden VALUES (1)`,
    );
    const stored = await takeBackup(postgres, database, ['acme']);
    const server = serverOf({ postgres, database });
    const restoreId = uuidv7(Date.now());
    let held: () => void = () => undefined;
    const isHeld = new Promise<void>((resolve) => {
      held = resolve;
    });
    const confirm = (): Promise<void> => {
      held();
      return new Promise(() => undefined);
    };
    const vanished = server.load(await requestOf(stored, { restoreId, confirm }));
    vanished.catch(() => undefined);
    await isHeld;
    expect(await server.endLeftovers(uuidv7(Date.now()), 3)).toBe(0);
    expect(await server.endLeftovers(restoreId, 2)).toBe(2);
    await expect(vanished).rejects.toMatchObject({ name: 'RestoreInterrupted' });
    expect(await sessionsLeft(postgres, database)).toEqual([]);
  },
);
