import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  asideComment,
  asideIn,
  commentWithMarker,
  markerIn,
  unmarked,
} from '../../../../adapters/postgres/restore/marker.ts';
import { type Postgres, startPostgres } from '../../../support/postgres.ts';
import {
  newDatabase,
  placesOf,
  requestOf,
  restore,
  sealed,
  serverOf,
  type Target,
  takeBackup,
} from '../support/restoring.ts';

/** What a restore writes into comments, which any owner of the object may change. */
const options = { lockTimeoutMs: 2000, signal: new AbortController().signal };
let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres(18);
});
afterAll(() => postgres.stop());

const TENANT = `CREATE SCHEMA shared; CREATE TABLE shared.users (id int PRIMARY KEY); CREATE SCHEMA acme; CREATE TABLE acme.t (id int);
  INSERT INTO acme.t VALUES (1); COMMENT ON SCHEMA acme IS 'the tenant acme';`;

const prepare = async () => {
  const database = await newDatabase(postgres, TENANT);
  const target: Target = { postgres, database };
  return { database, target, stored: await takeBackup(postgres, database, ['acme']) };
};

const commentOf = async (database: string, schema: string): Promise<string | null> =>
  (await postgres.sql(`SELECT obj_description('${schema}'::regnamespace) AS said`, database))
    .rows[0].said;

const say = (database: string, object: string, comment: string) =>
  postgres.sql(`COMMENT ON ${object} IS '${comment.replaceAll("'", "''")}'`, database);

const EVIL = {
  tables: 999,
  rows: 12_345,
  leftOut: [],
  warnings: [],
  foreignKeys: [
    {
      schema: 'acme',
      table: 't',
      name: 'k',
      only: false,
      valid: true,
      definition: 'CHECK (true); DROP SCHEMA shared CASCADE; --',
    },
  ],
};

describe('a marker', () => {
  const by = sealed('01a1fe10-396f-786e-b911-7ea85c18fcb7');
  const mark = { backupId: 'b', state: { ...EVIL, foreignKeys: [] } };

  it.each([undefined, 'own', 'two\n\nlines\n', 'Larder restore state: {}', '\n'])(
    'returns the given facts, and leaves the comment %j unchanged',
    (own) => {
      const comment = commentWithMarker(mark, own, by);
      expect(markerIn(comment, by, '1')).toEqual(mark);
      expect(unmarked(comment)).toBe(own);
      const aside = asideComment({ takenBy: '16384' }, own, by);
      expect(asideIn(aside, by, '1')).toEqual({ takenBy: '16384' });
      expect(unmarked(aside)).toBe(own);
      expect(asideIn(comment, by, '1') ?? markerIn(aside, by, '1')).toBeUndefined();
    },
  );

  it('counts only with its signed content, for the restore that signed it', () => {
    const comment = commentWithMarker(mark, 'own', by);
    const signature = /state: ([0-9a-f]{64}) /.exec(comment)?.[1] ?? '';
    const forged = [
      comment.replace('12345', '12346'),
      comment.replace('of backup b', 'of backup c'),
      comment.replace(signature, ''),
      comment.replace(`${signature} `, ''),
      comment.replace(signature, signature.toUpperCase()),
      comment.replace(signature, 'é'.repeat(64)),
      comment.replace(/\{.*/s, '{'),
      comment.split('\n', 1)[0],
      `Larder restore ${by.restoreId} of backup b\n\nLarder restore state: ${JSON.stringify(EVIL)}`,
      '',
      null,
    ];
    for (const text of forged) expect(markerIn(text, by, '1')).toBeUndefined();
    expect(markerIn(comment, { ...by, seal: '0'.repeat(32) }, '1')).toBeUndefined();
    expect(markerIn(comment, sealed(), '1')).toBeUndefined();
  });

  it('counts only on the object that it was written for; older ones have no object', () => {
    const [loaded, aside] = [
      commentWithMarker({ ...mark, of: '7' }, 'own', by),
      asideComment({ takenBy: '16384', of: '7' }, 'own', by),
    ];
    expect(markerIn(loaded, by, '7')?.of).toBe('7');
    expect(asideIn(aside, by, '7')).toEqual({ takenBy: '16384', of: '7' });
    for (const oid of ['8', undefined])
      expect([markerIn(loaded, by, oid), asideIn(aside, by, oid)]).toEqual([undefined, undefined]);
    expect(markerIn(commentWithMarker(mark, 'own', by), by, '8')).toEqual(mark);
  });

  it('is never written without the secret', () => {
    expect(() => commentWithMarker(mark, 'own', { ...by, seal: '' })).toThrow('no marker secret');
  });
});

describe('a forged marker', () => {
  it('does not count, on a schema and on a table, live or new', async () => {
    const { database, target, stored } = await prepare();
    const by = sealed();
    const forged = `Larder restore ${by.restoreId} of backup x\n\nLarder restore state: ${'0'.repeat(64)} ${JSON.stringify({ state: EVIL })}`;
    await postgres.sql('CREATE SCHEMA acme_restored; CREATE TABLE acme_restored.t ()', database);
    for (const schema of ['acme', 'acme_restored']) {
      await say(database, `SCHEMA ${schema}`, forged);
      await say(database, `TABLE ${schema}.t`, forged);
    }
    const server = serverOf(target);
    expect(await server.findLoaded(by, placesOf(stored))).toBeUndefined();
    expect(await server.findLoaded(by, [{ from: 'acme', to: 'acme' }])).toBeUndefined();
  });

  it('of an exchange does not prevent it', async () => {
    const { database, target, stored } = await prepare();
    const by = sealed();
    await restore(target, stored, by);
    const places = [
      { from: 'acme', to: 'acme_before' },
      { from: 'acme_restored', to: 'acme' },
    ];
    await postgres.sql('CREATE SCHEMA acme_before', database);
    await say(
      database,
      'SCHEMA acme_before',
      `Put aside by Larder restore ${by.restoreId}\n\nLarder restore state: {"takenBy":"1"}`,
    );
    await expect(serverOf(target).rename(by, places, options)).rejects.toThrow('already exists');
    await postgres.sql('DROP SCHEMA acme_before', database);
    expect(await serverOf(target).rename(by, places, options)).toMatchObject({ names: 'renamed' });
  });
});

const swap = [
  { from: 'acme', to: 'acme_before' },
  { from: 'acme_restored', to: 'acme' },
];
const undo = [
  { from: 'acme', to: 'acme_undone' },
  { from: 'acme_before', to: 'acme' },
];

describe('after an exchange', () => {
  it('the live schema has the comment of the backup, and the schema set aside records the exchange until it is back', async () => {
    const { database, target, stored } = await prepare();
    const server = serverOf(target);
    await say(database, 'SCHEMA acme', 'said later');
    const by = sealed();
    await server.load(await requestOf(stored, by));
    expect(await server.rename(by, swap, options)).toMatchObject({ names: 'renamed' });
    expect(await server.rename(by, swap, options)).toMatchObject({ names: 'already' });
    expect(await commentOf(database, 'acme')).toBe('the tenant acme');
    expect(await commentOf(database, 'acme_before')).toMatch(
      new RegExp(`^Put aside by Larder restore ${by.restoreId}\n\nsaid later\n`),
    );
    const undoing = sealed();
    expect(await server.rename(undoing, undo, { ...options, undoes: by })).toMatchObject({
      names: 'renamed',
    });
    expect(await server.rename(undoing, undo, { ...options, undoes: by })).toMatchObject({
      names: 'already',
    });
    expect(await commentOf(database, 'acme')).toBe('said later');
    expect(await commentOf(database, 'acme_undone')).toContain(undoing.restoreId);
  });

  it('that another attempt made at the same time, all attempts know that it is done', async () => {
    const { database, target, stored } = await prepare();
    const by = sealed();
    await restore(target, stored, by);
    const one = () => serverOf(target).rename(by, swap, options);
    const answers = await Promise.all([one(), one(), one(), one()]);
    expect(answers.map(({ names }) => names).sort()).toEqual([
      ...['already', 'already', 'already', 'renamed'],
    ]);
    expect(await commentOf(database, 'acme')).toBe('the tenant acme');
  });

  it('that another attempt made right after the check for it is no error', async () => {
    const { database, target, stored } = await prepare();
    const by = sealed();
    await restore(target, stored, by);
    const { query } = pg.Client.prototype;
    let other: Promise<unknown> | undefined;
    const isCheck = (sql: unknown): boolean => `${sql}`.includes('obj_description(oid');
    const spied = vi.spyOn(pg.Client.prototype, 'query');
    spied.mockImplementation(async function (this: pg.Client, ...given: unknown[]) {
      const answer = await Reflect.apply(query, this, given);
      if (isCheck(given[0]) && !other) {
        other = serverOf(target).rename(by, swap, options);
        await other;
      }
      return answer;
    } as never);
    try {
      const late = await serverOf(target).rename(by, swap, options);
      expect([await other, late]).toMatchObject([{ names: 'renamed' }, { names: 'already' }]);
    } finally {
      spied.mockRestore();
    }
    expect(await commentOf(database, 'acme')).toBe('the tenant acme');
  });

  it('if no schema was live, the schema has the comment of the backup too', async () => {
    const { database, target, stored } = await prepare();
    const server = serverOf(target);
    await postgres.sql('DROP SCHEMA acme CASCADE', database);
    const by = sealed();
    await server.load(await requestOf(stored, by));
    const places = [{ from: 'acme_restored', to: 'acme' }];
    expect(await server.rename(by, places, options)).toMatchObject({ names: 'renamed' });
    expect(await commentOf(database, 'acme')).toBe('the tenant acme');
    expect(await server.rename(by, places, options)).toMatchObject({ names: 'already' });
  });

  it('a live schema that was exchanged since is not mistaken for the one of the swap', async () => {
    const { database, target, stored } = await prepare();
    const server = serverOf(target);
    const first = sealed();
    await server.load(await requestOf(stored, first));
    await server.rename(first, swap, options);
    const second = sealed();
    await server.load(await requestOf(stored, second));
    const again = [{ from: 'acme', to: 'acme_before_2' }, ...swap.slice(1)];
    await server.rename(second, again, options);
    const undoing = server.rename(sealed(), undo, { ...options, undoes: first });
    await expect(undoing).rejects.toMatchObject({ name: 'RestoreRefused' });
    await expect(undoing).rejects.toThrow('Undo the later swap first');
    await expect(server.rename(sealed(), undo, { ...options, undoes: second })).rejects.toThrow(
      'no longer has the marker',
    );
    const back = [
      { from: 'acme', to: 'acme_undone' },
      { from: 'acme_before_2', to: 'acme' },
    ];
    expect(await server.rename(sealed(), back, { ...options, undoes: second })).toMatchObject({
      names: 'renamed',
    });
    await postgres.sql('DROP SCHEMA acme_undone CASCADE', database);
    expect(await server.rename(sealed(), undo, { ...options, undoes: first })).toMatchObject({
      names: 'renamed',
    });
  });
});

/** Another tenant, whose role may create schemas, and to whose schema the restore role may give another name. */
const MALLORY = `DO $$ BEGIN CREATE ROLE mallory NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; GRANT mallory TO larder_restore`;

/** The schema is gone, and one of another tenant has its name and its comment, which everybody can read. */
const impersonate = async (database: string, schema: string) => {
  const comment = (await commentOf(database, schema)) ?? '';
  await postgres.sql(
    `${MALLORY}; DROP SCHEMA ${schema} CASCADE; CREATE SCHEMA ${schema} AUTHORIZATION mallory; CREATE TABLE ${schema}.t (id int); ALTER TABLE ${schema}.t OWNER TO mallory`,
    database,
  );
  await say(database, `SCHEMA ${schema}`, comment);
};

describe('a schema of another tenant with the name and the comment of one that was dropped', () => {
  it('is not put in the live schema’s place by an undo, and does not hide that names were not exchanged', async () => {
    const { database, target, stored } = await prepare();
    const server = serverOf(target);
    const by = sealed();
    await server.load(await requestOf(stored, by));
    await server.rename(by, swap, { ...options, loaded: true });
    await impersonate(database, 'acme_before');
    await expect(server.rename(sealed(), undo, { ...options, undoes: by })).rejects.toThrow(
      'another schema has that name now',
    );
    expect(await server.isExchanged(by, swap)).toBe(false);
    expect(await commentOf(database, 'acme')).toBe('the tenant acme');
  });

  it('is not taken for the restored one, neither by a later attempt nor by the exchange', async () => {
    const { database, target, stored } = await prepare();
    const server = serverOf(target);
    const by = sealed();
    await server.load(await requestOf(stored, by));
    expect(await server.findLoaded(by, placesOf(stored))).toMatchObject({ rows: 1 });
    await impersonate(database, 'acme_restored');
    expect(await server.findLoaded(by, placesOf(stored))).toBeUndefined();
    const exchange = server.rename(by, swap, { ...options, loaded: true });
    await expect(exchange).rejects.toMatchObject({ name: 'RestoreRefused' });
    await expect(exchange).rejects.toThrow('"acme_restored" no longer has the marker');
    const { rows } = await postgres.sql('SELECT count(*)::int AS n FROM acme.t', database);
    expect(rows).toEqual([{ n: 1 }]);
  });
});

describe('a schema that is in use', () => {
  it('is named, with the time that was waited for it', async () => {
    const { database, target, stored } = await prepare();
    const holder = await postgres.session(database);
    await holder.query('BEGIN; GRANT USAGE ON SCHEMA acme TO PUBLIC');
    await expect(restore(target, stored, { lockTimeoutMs: 50 })).rejects.toThrow(
      'Schema "acme" could not be locked within 50 ms',
    );
    await holder.query('ROLLBACK');
    await holder.end();
  });
});
