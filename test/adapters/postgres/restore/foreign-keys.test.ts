import { describe, expect, it } from 'vitest';
import type { Loaded } from '../../../../core/restore-ports.ts';
import { serversOf } from '../../../support/servers.ts';
import {
  newDatabase,
  OWNER,
  restore,
  serverOf,
  surveyOf,
  takeBackup,
} from '../support/restoring.ts';
import { flowing, startTraffic, type Work } from '../support/traffic.ts';

/** Constraints to tables that all tenants share: added afterwards, while other sessions write. */
const TENANT = `
  CREATE SCHEMA shared;
  CREATE TABLE shared.users (id int PRIMARY KEY, region int NOT NULL DEFAULT 1, UNIQUE (region, id));
  INSERT INTO shared.users SELECT generate_series(1, 1000);
  CREATE SCHEMA acme;
  CREATE TABLE acme.orders (id int, owner int, region int,
    CONSTRAINT "the ""owner""; of" FOREIGN KEY (owner) REFERENCES shared.users ON UPDATE CASCADE ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT both_columns FOREIGN KEY (region, owner) REFERENCES shared.users (region, id) MATCH FULL);
  COMMENT ON CONSTRAINT both_columns ON acme.orders IS 'it''s \\ both';
  INSERT INTO acme.orders SELECT n, n % 1000 + 1, 1 FROM generate_series(1, 20000) n;
  CREATE TABLE acme.unsure (owner int);
  INSERT INTO acme.unsure VALUES (5000);
  ALTER TABLE acme.unsure ADD CONSTRAINT never_checked FOREIGN KEY (owner) REFERENCES shared.users NOT VALID;
  CREATE TABLE acme.parted (day int, owner int CONSTRAINT parted_owner REFERENCES shared.users) PARTITION BY RANGE (day);
  CREATE TABLE acme.parted_1 PARTITION OF acme.parted FOR VALUES FROM (0) TO (10);
  CREATE TABLE acme.parted_2 PARTITION OF acme.parted FOR VALUES FROM (10) TO (20) PARTITION BY LIST (owner);
  CREATE TABLE acme.parted_2a PARTITION OF acme.parted_2 FOR VALUES IN (1, 2, 3);
  CREATE TABLE acme.parted_2b PARTITION OF acme.parted_2 DEFAULT;
  INSERT INTO acme.parted SELECT n % 20, n % 1000 + 1 FROM generate_series(1, 5000) n;`;

const KEYS = (schema: string): string => `
  SELECT c.relname || ' ' || k.conname AS key, replace(pg_get_constraintdef(k.oid), '${schema}.', '') AS definition, k.convalidated AS valid,
    k.conparentid <> 0 AS inherited, obj_description(k.oid, 'pg_constraint') AS comment
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
  WHERE k.contype = 'f' AND c.relnamespace = '${schema}'::regnamespace ORDER BY 1`;

const options = { lockTimeoutMs: 2000, signal: new AbortController().signal };
const on = serversOf(15, 17, 18);

const writing: Work = async (client, number) => {
  await client.query('INSERT INTO shared.users VALUES ($1)', [number + 100_000]);
  await client.query('UPDATE shared.users SET region = region WHERE id = $1', [number % 1000]);
  await client.query('DELETE FROM shared.users WHERE id = $1', [number + 100_000]);
  return false;
};

const prepare = async (major: number, more = '') => {
  const postgres = on(major);
  const database = await newDatabase(postgres, TENANT + more);
  const stored = await takeBackup(postgres, database, ['acme']);
  return { target: { postgres, database }, stored };
};

describe.each([15, 17, 18])('foreign keys to tables outside, on PostgreSQL %i', (major) => {
  it('are added while other sessions write to those, and are unchanged afterwards', async () => {
    const { target, stored } = await prepare(major);
    const { postgres, database } = target;
    const loaded = await restore(target, stored);
    const writers = await startTraffic(postgres, database, [writing, writing]);
    await flowing(writers);
    const keys = await serverOf(target).addForeignKeys(loaded.foreignKeys, options);
    await flowing(writers);
    expect((await writers.stop()).failures).toEqual([]);
    expect(keys.map(({ table, name, state }) => `${table.name} ${name} ${state}`).sort()).toEqual([
      'orders both_columns valid',
      'orders the "owner"; of valid',
      'parted parted_owner valid',
      'unsure never_checked not-valid',
    ]);
    const was = (await postgres.sql(KEYS('acme'), database)).rows;
    expect((await postgres.sql(KEYS('acme_restored'), database)).rows).toEqual(was);
    expect(was).toHaveLength(8);
    // Again, as after a worker's death: all exist.
    expect(await serverOf(target).addForeignKeys(loaded.foreignKeys, options)).toEqual(keys);
  });

  it('that rows violate exist for new rows, with the reason', async () => {
    const { target, stored } = await prepare(major);
    const { postgres, database } = target;
    const loaded = await restore(target, stored);
    await postgres.sql(
      'DELETE FROM acme.orders; DELETE FROM acme.parted; DELETE FROM shared.users WHERE id = 7',
      database,
    );
    const keys = await serverOf(target).addForeignKeys(loaded.foreignKeys, options);
    const states = Object.fromEntries(keys.map((key) => [key.name, key]));
    expect(states.both_columns).toMatchObject({ state: 'not-valid' });
    expect(states.both_columns?.why).toContain('no longer there');
    expect(states.both_columns?.sql).toBe(
      'ALTER TABLE "acme_restored"."orders" VALIDATE CONSTRAINT "both_columns"',
    );
    const parted = states.parted_owner;
    expect(parted?.state).toBe(major < 18 ? 'left-out' : 'not-valid');
    if (major < 18) {
      expect(parted?.why).toMatch(
        /refer to what is no longer there.* 3 of 3 partitions have it, for new rows only in "acme_restored\.parted_1"$/,
      );
    }
    for (const part of ['parted', 'parted_1', 'parted_2b']) {
      const row = part === 'parted_1' ? '(1, 7)' : '(11, 7)';
      await expect(
        postgres.sql(`INSERT INTO acme_restored.${part} VALUES ${row}`, database),
      ).rejects.toThrow(/parted_owner/);
    }
    // Again, as after a worker's death; then as a person would repair it, with the reported statements.
    const [again] = await serverOf(target).addForeignKeys(
      loaded.foreignKeys.filter(({ name }) => name === 'parted_owner'),
      options,
    );
    expect(again).toEqual(parted);
    await postgres.sql('DELETE FROM acme_restored.parted WHERE owner = 7', database);
    await postgres.sql(parted?.sql ?? '', database);
    const of = "WHERE key ~ '^parted'";
    const keysIn = async (schema: string) =>
      (await postgres.sql(`SELECT * FROM (${KEYS(schema)}) k ${of}`, database)).rows;
    expect(await keysIn('acme_restored')).toEqual(await keysIn('acme'));
    await expect(
      postgres.sql('INSERT INTO acme_restored.orders VALUES (1, 7, 1)', database),
    ).rejects.toThrow(/both_columns/);
  });
});

describe.each([15, 17, 18])('on PostgreSQL %i', (major) => {
  it('partitioned tables without partitions get theirs', async () => {
    const { target, stored } = await prepare(
      major,
      `CREATE TABLE acme.none (id int CONSTRAINT of_none REFERENCES shared.users) PARTITION BY LIST (id);
       CREATE TABLE acme.some (id int CONSTRAINT of_some REFERENCES shared.users) PARTITION BY LIST (id);
       CREATE TABLE acme.some_1 PARTITION OF acme.some FOR VALUES IN (1) PARTITION BY LIST (id);`,
    );
    const loaded = await restore(target, stored);
    const keys = await serverOf(target).addForeignKeys(loaded.foreignKeys, options);
    expect(keys.filter(({ name }) => name.startsWith('of_'))).toMatchObject([
      { name: 'of_none', state: 'valid' },
      { name: 'of_some', state: 'valid' },
    ]);
    const { postgres, database } = target;
    const was = (await postgres.sql(KEYS('acme'), database)).rows;
    expect((await postgres.sql(KEYS('acme_restored'), database)).rows).toEqual(was);
  });
});

/** Tables whose policies apply to their owner too, and hide all but one row from it. */
const FORCED = `
  CREATE TABLE acme.hidden (id int, owner int CONSTRAINT of_hidden REFERENCES shared.users);
  INSERT INTO acme.hidden VALUES (1, 1), (2, 2);
  ALTER TABLE acme.hidden ENABLE ROW LEVEL SECURITY; ALTER TABLE acme.hidden FORCE ROW LEVEL SECURITY;
  CREATE POLICY one ON acme.hidden USING (id = 1);
  CREATE TABLE acme.parts (id int, owner int CONSTRAINT of_parts REFERENCES shared.users) PARTITION BY LIST (id);
  CREATE TABLE acme.parts_1 PARTITION OF acme.parts FOR VALUES IN (1);
  CREATE TABLE acme.parts_2 PARTITION OF acme.parts FOR VALUES IN (2);
  INSERT INTO acme.parts VALUES (1, 1), (2, 2);
  ALTER TABLE acme.parts ENABLE ROW LEVEL SECURITY; ALTER TABLE acme.parts FORCE ROW LEVEL SECURITY; CREATE POLICY one ON acme.parts USING (id = 1);
  ALTER TABLE acme.parts_2 ENABLE ROW LEVEL SECURITY; ALTER TABLE acme.parts_2 FORCE ROW LEVEL SECURITY; CREATE POLICY one ON acme.parts_2 USING (id = 1)`;
/** Only a backup that reads as the owner's member sees rows that policies hide. */
const SEES_ALL = `; RESET ROLE; GRANT ${OWNER} TO larder_backup; ALTER ROLE larder_backup BYPASSRLS; SET ROLE ${OWNER}`;

describe.each([15, 18])('tables with forced policies, on PostgreSQL %i', (major) => {
  const forcedIn = (
    schema: string,
  ): string => `SELECT relname, relrowsecurity AS r, relforcerowsecurity AS f
    FROM pg_class WHERE relnamespace = '${schema}'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1`;

  it.each(major === 18 ? (['keep', 'drop'] as const) : (['keep'] as const))(
    'have their keys validated, hidden rows too, and their policies forced again (owners: %s)',
    async (owners) => {
      const { target, stored } = await prepare(major, FORCED + SEES_ALL);
      const { postgres, database } = target;
      const loaded = await restore(target, stored, { owners, acceptOwnCode: true });
      if (owners === 'drop')
        await postgres.sql('GRANT REFERENCES ON shared.users TO larder_restore', database);
      const forced = (await postgres.sql(forcedIn('acme_restored'), database)).rows;
      expect(forced).toEqual((await postgres.sql(forcedIn('acme'), database)).rows);
      const wanted = loaded.foreignKeys.filter(({ name }) => /hidden|parts/.test(name));
      // A row that the owner does not see violates its key.
      await postgres.sql(
        'DELETE FROM acme.hidden; DELETE FROM acme.parts; DELETE FROM acme.parted; DELETE FROM acme.orders; DELETE FROM shared.users WHERE id = 2',
        database,
      );
      const violated = await serverOf(target).addForeignKeys(wanted, options);
      const below = major < 18 ? 'left-out' : 'not-valid';
      expect(violated.map(({ name, state }) => [name, state]).sort()).toEqual([
        ['of_hidden', 'not-valid'],
        ['of_parts', below],
      ]);
      for (const { why } of violated) expect(why).toContain('no longer there');
      expect((await postgres.sql(forcedIn('acme_restored'), database)).rows).toEqual(forced);
      await postgres.sql('INSERT INTO shared.users VALUES (2)', database);
      const valid = await serverOf(target).addForeignKeys(wanted, options);
      expect(valid.map(({ state }) => state)).toEqual(['valid', 'valid']);
      expect((await postgres.sql(forcedIn('acme_restored'), database)).rows).toEqual(forced);
    },
  );

  it('that are in use, or are referenced, are not locked: the report names which role can validate the key', async () => {
    const { target, stored } = await prepare(major, FORCED + SEES_ALL);
    const { postgres, database } = target;
    await postgres.sql(
      'ALTER TABLE shared.users ENABLE ROW LEVEL SECURITY; ALTER TABLE shared.users FORCE ROW LEVEL SECURITY',
      database,
    );
    const loaded = await restore(target, stored);
    const [hidden] = loaded.foreignKeys.filter(({ name }) => name === 'of_hidden');
    if (!hidden) throw new Error('no key');
    for (const [key, on] of [
      [{ ...hidden, inUse: true }, '"acme_restored.hidden"'],
      [hidden, '"shared.users"'],
    ] as const) {
      const [told] = await serverOf(target).addForeignKeys([key], options);
      expect(told).toMatchObject({ state: 'not-valid', sql: expect.stringContaining('VALIDATE') });
      expect(told?.why).toMatch(new RegExp(`forced on the owner of ${on}.*BYPASSRLS`));
    }
    const [told] = await serverOf(target).addForeignKeys([hidden], options);
    await postgres.sql(told?.sql ?? '', database);
    const [again] = await serverOf(target).addForeignKeys([hidden], options);
    expect(again?.state).toBe('valid');
  });
});

describe('a key that is not enforced', () => {
  it('is not enforced afterwards either, and is no problem', async () => {
    const { target, stored } = await prepare(
      18,
      `CREATE TABLE acme.lax (id int CONSTRAINT of_lax REFERENCES shared.users NOT ENFORCED);
       INSERT INTO acme.lax VALUES (5000);`,
    );
    const loaded = await restore(target, stored);
    for (const _ of ['at first', 'again']) {
      const keys = await serverOf(target).addForeignKeys(loaded.foreignKeys, options);
      expect(keys.find(({ name }) => name === 'of_lax')).toEqual({
        table: { schema: 'acme_restored', name: 'lax' },
        name: 'of_lax',
        state: 'valid',
      });
    }
    const { postgres, database } = target;
    const was = (await postgres.sql(KEYS('acme'), database)).rows;
    expect((await postgres.sql(KEYS('acme_restored'), database)).rows).toEqual(was);
  });
});

describe('foreign keys that cannot be added', () => {
  const keysOf = async (target: Awaited<ReturnType<typeof prepare>>['target'], loaded: Loaded) =>
    await serverOf(target).addForeignKeys(loaded.foreignKeys, options);

  it('because a right is missing are left out with the statement that adds them, and predicted', async () => {
    const { target, stored } = await prepare(
      18,
      `RESET ROLE; ALTER TABLE shared.users OWNER TO postgres; SET ROLE ${OWNER};`,
    );
    const preflight = await surveyOf(target, stored);
    expect(preflight.warnings.join()).toContain('GRANT REFERENCES');
    expect(preflight.foreignKeysOutside).toContain('acme.orders: both_columns');
    const loaded = await restore(target, stored);
    const keys = await keysOf(target, loaded);
    for (const key of keys) {
      expect(key.state).toBe('left-out');
      expect(key.why).toContain(`GRANT REFERENCES ON TABLE "shared"."users" TO "${OWNER}"`);
      expect(key.sql).toMatch(/^ALTER TABLE (ONLY )?"acme_restored"\./);
    }
    const { postgres, database } = target;
    await postgres.sql(
      keys
        .map(({ sql }) => sql)
        .filter((sql) => !sql?.includes('never'))
        .join(';'),
      database,
    );
  });

  it('and are not one foreign key of their table are never sent', async () => {
    const { target, stored } = await prepare(18);
    const { postgres, database } = target;
    const loaded = await restore(target, stored);
    const [key] = loaded.foreignKeys;
    if (!key) throw new Error('no key');
    const { sql } = key;
    const forged = [
      { ...key, sql: `${sql}; DROP SCHEMA acme CASCADE; --` },
      { ...key, sql: `${sql}, DROP COLUMN id` },
      { ...key, sql: 'DROP SCHEMA acme CASCADE' },
      { ...key, sql: '' },
      { ...key, sql: `${sql} '` },
      { ...key, sql: sql.replace('"acme_restored"', '"acme"') },
      { ...key, sql: sql.replace(/FOREIGN KEY.*/s, 'CHECK (true)') },
      { ...key, name: 'another' },
    ];
    for (const told of await serverOf(target).addForeignKeys(forged, options)) {
      expect(told).toMatchObject({ state: 'left-out' });
      expect(told.sql).toBeUndefined();
    }
    const there = await postgres.sql(KEYS('acme_restored'), database);
    expect(there.rows).toEqual([]);
    expect((await postgres.sql(KEYS('acme'), database)).rows).toHaveLength(8);
  });

  it('because their table is gone or in use all the time are left out', async () => {
    const { target, stored } = await prepare(18);
    const { postgres, database } = target;
    const loaded = await restore(target, stored);
    const holder = await postgres.session(database);
    await holder.query('BEGIN; LOCK TABLE shared.users IN ROW EXCLUSIVE MODE');
    const one = { ...loaded, foreignKeys: loaded.foreignKeys.slice(0, 1) };
    const stop = new AbortController();
    const adding = serverOf(target).addForeignKeys(one.foreignKeys, {
      lockTimeoutMs: 100,
      signal: stop.signal,
    });
    const reason = new Error('enough');
    setTimeout(() => stop.abort(reason), 1000);
    await expect(adding).rejects.toBe(reason);
    await holder.query('ROLLBACK');
    await holder.end();
    await postgres.sql('DROP TABLE shared.users CASCADE', database);
    for (const key of await keysOf(target, loaded)) expect(key.state).toBe('left-out');
  });
});
