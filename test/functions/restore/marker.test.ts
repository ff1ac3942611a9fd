import pg from 'pg';
import { expect, it } from 'vitest';
import type { Backup } from '../../../core/backup.ts';
import { RestoreInterrupted } from '../../../core/errors/restore.ts';
import { showRestore } from '../../../functions/api/public-jobs.ts';
import { roomForEach } from './room-for-each.ts';
import type { Room } from './support.ts';

/** What a tenant who owns a schema may write on it must not decide what a restore does. */
let room: Room;
let backup: Backup;
roomForEach(
  `CREATE SCHEMA acme; CREATE TABLE acme.t (id int); INSERT INTO acme.t VALUES (1), (2); CREATE SCHEMA beta;
     COMMENT ON SCHEMA acme IS 'the tenant acme'`,
  (made) => {
    ({ room, backup } = made);
  },
);

const forged = (restoreId: string): string => {
  const key = { schema: 'acme', table: 't', name: 'k', only: false, valid: true };
  const definition = 'CHECK (true); DROP SCHEMA beta CASCADE; --';
  const state = {
    tables: 999,
    rows: 12_345,
    leftOut: [],
    warnings: [],
    foreignKeys: [{ ...key, definition }],
  };
  const comment = (content: unknown): string =>
    `Larder restore ${restoreId} of backup x\n\nLarder restore state: ${'0'.repeat(64)} ${JSON.stringify(content)}`;
  return pg.escapeLiteral(comment({ state }));
};

it('a marker that a tenant forged on the live schema is not accepted by the next attempt', async () => {
  const server = {
    ...room.ports.server,
    load: async ({ restoreId }: { readonly restoreId: string }) => {
      await room.sql(
        `COMMENT ON SCHEMA acme IS ${forged(restoreId)}; COMMENT ON TABLE acme.t IS ${forged(restoreId)}`,
      );
      throw new RestoreInterrupted('it gave way');
    },
  };
  const { row } = await room.restore(backup, {}, { server });
  expect(row.status).toBe('pending');
  const again = await room.again(row);
  expect(again).toMatchObject({ status: 'completed', attempt: 2, outcome: { tables: 1, rows: 2 } });
  expect(again.outcome?.foreignKeys).toEqual([]);
  expect(await room.schemas()).toContain('beta');
});

it('all attempts share one secret, which no answer shows and no comment reveals', async () => {
  const seals: string[] = [];
  const server = {
    ...room.ports.server,
    load: async ({ seal }: { readonly seal: string }) => {
      seals.push(seal);
      throw new RestoreInterrupted('it gave way');
    },
  };
  const { row } = await room.restore(backup, { mode: 'swap' }, { server });
  await room.again(row, { server });
  const done = await room.again(row);
  expect(done.status).toBe('completed');
  expect(done.seal).toMatch(/^[0-9a-f]{32}$/);
  expect(seals).toEqual([done.seal, done.seal]);
  expect(JSON.stringify(showRestore(done, ''))).not.toContain(done.seal);
  const { rows } = await room.sql('SELECT description FROM pg_description WHERE objoid > 16000');
  expect(JSON.stringify(rows)).toContain('Put aside by Larder');
  expect(JSON.stringify(rows)).not.toContain(done.seal);
  const other = await room.restore(backup);
  expect(other.row.seal).not.toBe(done.seal);
});

it('a swap that died after its COMMIT counts as done, and can be undone once', async () => {
  const server = {
    ...room.ports.server,
    rename: async (...given: Parameters<Room['ports']['server']['rename']>) => {
      await room.ports.server.rename(...given);
      throw new RestoreInterrupted('the worker died');
    },
  };
  const { row } = await room.restore(backup, { mode: 'swap' }, { server });
  expect(row.status).toBe('pending');
  const done = await room.again(row);
  expect(done).toMatchObject({ status: 'completed', outcome: { before: [{ from: 'acme' }] } });
  const saying = await room.sql("SELECT obj_description('acme'::regnamespace) AS said");
  expect(saying.rows).toEqual([{ said: 'the tenant acme' }]);
  const before = done.outcome?.before[0]?.to ?? '';
  await room.sql(`ALTER SCHEMA acme RENAME TO elsewhere; CREATE SCHEMA acme`);
  const refused = await room.restore(backup, { mode: 'undo', undoes: done.id });
  expect(refused.row).toMatchObject({ status: 'failed', error: { name: 'RestoreRefused' } });
  expect(refused.row.error?.message).toContain('was exchanged since');
  await room.sql('DROP SCHEMA acme; ALTER SCHEMA elsewhere RENAME TO acme');
  expect(await room.schemas()).toContain(before);
  const undone = await room.restore(backup, { mode: 'undo', undoes: done.id });
  expect(undone.row.status).toBe('completed');
  expect(await room.schemas()).not.toContain(before);
});

it('an undo returns the former schema whatever the live one has become, once, and never another schema', async () => {
  const { row: swap } = await room.restore(backup, { mode: 'swap' });
  const before = swap.outcome?.before[0]?.to ?? '';
  const undo = () => room.restore(backup, { mode: 'undo', undoes: swap.id });

  // A record that names another schema as the former one: that schema has no marker of the swap.
  const outcome = swap.outcome && { ...swap.outcome, before: [{ from: 'acme', to: 'beta' }] };
  const { restores } = room.ports;
  const get: typeof restores.get = async (projectId, id) => {
    const found = await restores.get(projectId, id);
    return found && id === swap.id && outcome ? { ...found, outcome } : found;
  };
  const forgedRecord = await room.restore(
    backup,
    { mode: 'undo', undoes: swap.id },
    { restores: { ...restores, get } },
  );
  expect(forgedRecord.row.error?.message).toContain('no longer has the marker');

  await room.sql(`ALTER SCHEMA ${before} RENAME TO hidden`);
  expect((await undo()).row.error).toMatchObject({ name: 'SchemaNotFound' });
  await room.sql(`ALTER SCHEMA hidden RENAME TO ${before}; COMMENT ON SCHEMA ${before} IS 'mine'`);
  expect((await undo()).row.error?.message).toContain('look at both');
  const marked = await room.sql(`SELECT 1 FROM acme.t`);
  expect(marked.rowCount).toBe(2);
});

it('two undos at once, after rows and tables of the live schema changed: one is done, and nothing is lost', async () => {
  const { row: swap } = await room.restore(backup, { mode: 'swap' });
  const before = swap.outcome?.before[0]?.to ?? '';
  await room.sql(
    `INSERT INTO acme.t VALUES (3); SET ROLE app_owner; CREATE TABLE acme.late (id int); INSERT INTO ${before}.t VALUES (9)`,
  );
  const undo = (createdAt: string) =>
    room.restore(backup, { mode: 'undo', undoes: swap.id, createdAt });
  const rows = (
    await Promise.all([undo('2026-01-01T00:00:00.000Z'), undo('2026-01-02T00:00:00.000Z')])
  ).map((one) => one.row);
  expect(rows.map(({ status }) => status).sort()).toEqual(['completed', 'failed']);
  const failed = rows.find(({ status }) => status === 'failed');
  expect(failed?.error?.name).toMatch(/^(RestoreRefused|SchemaNotFound)$/);
  const kept = rows.find(({ status }) => status === 'completed')?.outcome?.before[0]?.to ?? '';
  const count = async (table: string): Promise<number> =>
    (await room.sql(`SELECT count(*)::int AS n FROM ${table}`)).rows[0].n;
  expect([await count('acme.t'), await count(`${kept}.t`), await count(`${kept}.late`)]).toEqual([
    3, 3, 0,
  ]);
});
