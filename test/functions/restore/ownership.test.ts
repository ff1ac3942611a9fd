import { describe, expect, it } from 'vitest';
import type { Backup } from '../../../core/backup.ts';
import { RestoreInterrupted } from '../../../core/errors/restore.ts';
import type { Restore } from '../../../core/restore.ts';
import type { RestorePorts } from '../../../functions/restore/ports.ts';
import { CONTROL_PLANE } from '../export/schemas.ts';
import { roomForEach } from './room-for-each.ts';
import { RESTORE_ROLE, type Room } from './support.ts';
import { count, newSchema, TENANT } from './tenant.ts';

/** Schema names that change owner: a restore may touch only what its project has at that moment, in the source. */
const SETUP = `${CONTROL_PLANE} INSERT INTO control_plane.projects VALUES ('acme', 'Acme', 'acme', 'ACTIVE'); ${TENANT}`;
let room: Room;
let backup: Backup;
roomForEach(
  SETUP,
  (made) => {
    ({ room, backup } = made);
  },
  {},
);

const MOVED = `UPDATE control_plane.projects SET schema_name = 'acme_new' WHERE id = 'acme'`;
const LISTED = `INSERT INTO control_plane.projects VALUES ('beta-secret', 'B', 'acme', 'ACTIVE')`;
const OTHERS_SCHEMA = `
  SET ROLE app_owner; CREATE SCHEMA acme; COMMENT ON SCHEMA acme IS 'of beta';
  CREATE TABLE acme.orders (id int); INSERT INTO acme.orders SELECT generate_series(1, 7); RESET ROLE`;
/** Acme moves to another schema, and another project gets the name of its old one. */
const handOver = () =>
  room.sql(`${MOVED}; ALTER SCHEMA acme RENAME TO acme_new; ${LISTED}; ${OTHERS_SCHEMA}`);

const oidOf = async (schema: string): Promise<string> =>
  (await room.sql(`SELECT '${schema}'::regnamespace::oid AS oid`)).rows[0].oid;

/** Beta's schema, as it was created. */
const expectUntouched = async (): Promise<void> => {
  const { rows } = await room.sql(
    `SELECT obj_description('acme'::regnamespace) AS comment, (SELECT count(*)::int FROM acme.orders) AS rows,
       (SELECT count(*)::int FROM pg_class WHERE relnamespace = 'acme'::regnamespace) AS objects`,
  );
  expect(rows).toEqual([{ comment: 'of beta', rows: 7, objects: 1 }]);
};

const TABLES = { mode: 'tables', into: 'live', tables: ['orders'] } as const;
const WAYS: readonly (readonly [string, Partial<Restore>])[] = [
  ['a swap', { mode: 'swap' }],
  ['tables into the live schema', TABLES],
  ['a restore beside', {}],
  ['tables beside', { mode: 'tables', tables: ['orders'] }],
];

const logged = () => {
  const lines: unknown[] = [];
  const log = { ...room.ports.log, warn: (_: string, facts?: unknown) => void lines.push(facts) };
  return { log, text: () => JSON.stringify(lines) };
};

/** Before the load's COMMIT, when everything has been read. */
const beforeCommit = (happens: () => Promise<unknown>): Partial<RestorePorts> => {
  const { server } = room.ports;
  return {
    server: {
      ...server,
      load: (request) =>
        server.load({
          ...request,
          confirm: async () => {
            await request.confirm();
            await happens();
          },
        }),
    },
  };
};

describe('a backup of a schema whose name now belongs to another project', () => {
  it.each(WAYS)(
    '%s refuses, in the dry run too, and leaves that schema unchanged',
    async (_, way) => {
      await handOver();
      const oid = await oidOf('acme');
      const { log, text } = logged();
      const looked = await room.restore(backup, { ...way, dryRun: true }, { log });
      expect(looked.row.report?.problems.join()).toContain('"acme" belongs to another project now');
      const { row } = await room.restore(backup, way);
      expect(row).toMatchObject({ status: 'failed', error: { name: 'RestoreRefused' } });
      expect(row.error?.message).toContain('"acme" belongs to another project now');
      expect(row.error?.message).toContain('elsewhere');
      expect(row.safetyBackupId).toBeUndefined();
      expect(JSON.stringify([looked.row, row])).not.toContain('beta-secret');
      expect(text()).toContain('beta-secret');
      await expectUntouched();
      expect(await oidOf('acme')).toBe(oid);
      expect(await room.schemas()).toEqual(['acme', 'acme_new', 'control_plane', 'shared']);
    },
  );

  it('is restored into a database where the name is free, and not into one where it belongs to another project', async () => {
    const elsewhere = { mode: 'elsewhere', from: 'other', newSchema: 'copy' } as const;
    await handOver();
    const refused = await room.restore(backup, elsewhere);
    expect(refused.row.error?.message).toContain('"acme" belongs to another project now');
    await expectUntouched();
    await room.sql('DROP SCHEMA acme CASCADE');
    const claimed = await room.restore(backup, { ...elsewhere, newSchema: 'acme' });
    expect(claimed.row.error?.message).toContain('The name "acme" belongs to another project');
    const { row } = await room.restore(backup, elsewhere);
    expect(row).toMatchObject({ status: 'completed' });
    expect(await count(room, 'copy.orders')).toBe(1000);
  });
});

describe('a name that changes owner while a restore runs', () => {
  it('while rows are loaded: nothing is committed', async () => {
    for (const way of [{ mode: 'swap' } as const, TABLES, {}]) {
      await room.sql(
        `DELETE FROM control_plane.projects; INSERT INTO control_plane.projects VALUES ('acme', 'Acme', 'acme', 'ACTIVE')`,
      );
      if (way === TABLES) await room.sql('DROP TABLE acme.orders CASCADE');
      const change = beforeCommit(() => room.sql(`${MOVED}; ${LISTED}`));
      const { row } = await room.restore(backup, way, change);
      expect(row).toMatchObject({ status: 'failed', error: { name: 'SchemaNotOwned' } });
      expect(row.error?.message).toContain('another project');
    }
    expect(await room.schemas()).toEqual(['acme', 'control_plane', 'shared']);
    expect((await room.sql(`SELECT to_regclass('acme.orders') AS orders`)).rows).toEqual([
      { orders: null },
    ]);
  });

  it('before the exchange, and before each later attempt at it: the names stay', async () => {
    const { server } = room.ports;
    let died = false;
    const dying: typeof server.rename = async () => {
      died = true;
      throw new RestoreInterrupted('the worker died');
    };
    const first = await room.restore(
      backup,
      { mode: 'swap' },
      { server: { ...server, rename: dying } },
    );
    expect([died, first.disposition.message]).toEqual([true, 'again']);
    await handOver();
    const row = await room.again(first.row);
    expect(row).toMatchObject({ status: 'failed', error: { name: 'StepNotDone' } });
    expect(row.error?.message).toContain('"acme" belongs to another project now');
    await expectUntouched();
    expect(await count(room, `${newSchema(row)}.orders`)).toBe(1000);
  });

  it('while the safety backup is made: a backup of another schema does not count', async () => {
    const { exports } = room.ports;
    const move = `${MOVED}; ALTER SCHEMA acme RENAME TO acme_new; SET ROLE app_owner; CREATE SCHEMA acme; RESET ROLE`;
    const moving: RestorePorts['exports'] = {
      send: async (messages) => {
        await room.sql(move);
        return await exports.send(messages);
      },
    };
    const { row } = await room.restore(backup, { mode: 'swap' }, { exports: moving });
    expect(row).toMatchObject({ status: 'failed', error: { name: 'SafetyBackupFailed' } });
    expect(row.error?.message).toContain('"acme_new"');
  });

  it('and a schema that replaced the live one after its safety backup is not exchanged', async () => {
    const { server } = room.ports;
    const replace =
      'ALTER SCHEMA acme RENAME TO acme_old; SET ROLE app_owner; CREATE SCHEMA acme; RESET ROLE';
    const replacing: typeof server.load = async (request) => {
      const loaded = await server.load(request);
      await room.sql(replace);
      return loaded;
    };
    const instead = { server: { ...server, load: replacing } };
    const { row } = await room.restore(backup, { mode: 'swap' }, instead);
    expect(row).toMatchObject({ status: 'failed', error: { name: 'StepNotDone' } });
    expect(row.error?.message).toContain('that the safety backup holds');
    expect(await room.schemas()).toContain('acme_old');
  });

  it('before an undo: the live schema stays', async () => {
    const { row: swap } = await room.restore(backup, { mode: 'swap' });
    expect(swap.status).toBe('completed');
    await handOver();
    const { row } = await room.restore(backup, { mode: 'undo', undoes: swap.id });
    expect(row).toMatchObject({ status: 'failed', error: { name: 'SchemaNotOwned' } });
    await expectUntouched();
  });
});

describe('a project', () => {
  it('that has another schema now gets an error that says so, and its old backup is restored beside', async () => {
    await room.sql(`${MOVED}; ALTER SCHEMA acme RENAME TO acme_new`);
    for (const way of [{ mode: 'swap' } as const, TABLES]) {
      const { row } = await room.restore(backup, way);
      expect(row.error?.message).toContain('"acme_new"');
    }
    const { row } = await room.restore(backup);
    expect(row.status).toBe('completed');
  });

  it('that is gone keeps its schema from a swap, and is restored beside or where no schema exists', async () => {
    await room.sql(`DELETE FROM control_plane.projects`);
    const oid = await oidOf('acme');
    const refused = await room.restore(backup, { mode: 'swap' });
    expect(refused.row.error?.message).toContain('no longer lists the project');
    const beside = await room.restore(backup, { newSchema: 'kept' });
    expect(beside.row.status).toBe('completed');
    expect(await oidOf('acme')).toBe(oid);
    await room.sql(`DROP SCHEMA acme CASCADE; ${LISTED}`);
    const claimed = await room.restore(backup, { mode: 'swap' });
    expect(claimed.row.error?.message).toContain('another project');
    await room.sql(`DELETE FROM control_plane.projects`);
    expect((await room.restore(backup, { mode: 'swap' })).row.status).toBe('completed');
    expect(await count(room, 'acme.orders')).toBe(1000);
  });

  it('that is not active still has its schema, unless an active one has it', async () => {
    await room.sql(
      `UPDATE control_plane.projects SET status = 'SUSPENDED'; DROP TABLE acme.orders CASCADE`,
    );
    expect((await room.restore(backup, TABLES)).row.status).toBe('completed');
    await room.sql(LISTED);
    expect((await room.restore(backup, { mode: 'swap' })).row.error?.message).toContain(
      'another project',
    );
    await room.sql(
      `UPDATE control_plane.projects SET status = CASE id WHEN 'acme' THEN 'ACTIVE' ELSE 'LEFT' END`,
    );
    expect((await room.restore(backup, { mode: 'swap' })).row.status).toBe('completed');
  });

  it('that belongs to another source by the registry is not restored over a live schema here', async () => {
    const registered = {
      id: 'acme',
      name: 'Acme',
      schemaName: 'acme',
      status: 'ACTIVE',
      source: 'second',
      seenAt: backup.createdAt,
    };
    const registry = { get: async () => registered };
    const { row } = await room.restore(backup, { mode: 'swap' }, { registry });
    expect(row.error?.message).toContain('in source "second" now');
    expect((await room.restore(backup, {}, { registry })).row.status).toBe('completed');
  });

  it('gets no new schema under a name that belongs to another project', async () => {
    await room.sql(
      `INSERT INTO control_plane.projects VALUES ('beta-secret', 'B', 'beta', 'ACTIVE')`,
    );
    const { row } = await room.restore(backup, { newSchema: 'beta' });
    expect(row.error?.message).toContain('The name "beta" belongs to another project');
    expect(await room.schemas()).not.toContain('beta');
  });
});

describe('a restore role that may not read the list of projects', () => {
  const CLOSE =
    'ALTER SCHEMA control_plane OWNER TO postgres; ALTER TABLE control_plane.projects OWNER TO postgres';

  it('changes nothing that is live, and reports what it needs', async () => {
    await room.sql(CLOSE);
    for (const way of [{ mode: 'swap' } as const, TABLES]) {
      const { row } = await room.restore(backup, way);
      expect(row).toMatchObject({ status: 'failed', error: { name: 'RestoreRefused' } });
      expect(row.error?.message).toContain('permission denied for schema control_plane');
      expect(row.error?.message).toMatch(/GRANT SELECT .* TO "?larder_restore"?/);
    }
    await room.sql(
      `GRANT USAGE ON SCHEMA control_plane TO ${RESTORE_ROLE}; GRANT SELECT ON control_plane.projects TO ${RESTORE_ROLE}`,
    );
    expect((await room.restore(backup, { mode: 'swap' })).row.status).toBe('completed');
  });

  it('restores beside if the registry knows the schema as the project’s', async () => {
    await room.sql(CLOSE);
    const unknown = await room.restore(backup);
    expect(unknown.row.error?.message).toContain('which project schema "acme" belongs to');
    const registered = {
      id: 'acme',
      name: 'Acme',
      schemaName: 'acme',
      status: 'ACTIVE',
      source: 'main',
      seenAt: backup.createdAt,
    };
    const registry = { get: async () => registered };
    expect((await room.restore(backup, {}, { registry })).row.status).toBe('completed');
    const chosen = await room.restore(backup, { newSchema: 'mine' }, { registry });
    expect(chosen.row.error?.message).toContain('which project schema "mine" belongs to');
  });
});
