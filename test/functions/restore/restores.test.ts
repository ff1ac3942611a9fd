import { Transform } from 'node:stream';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { type Backup, iso } from '../../../core/backup.ts';
import { uuidv7 } from '../../../core/ids.ts';
import { manifestKeyBeside } from '../../../core/keys.ts';
import type { Services } from '../export/support.ts';
import { forgetDigest } from './old-row.ts';
import { roomForEach } from './room-for-each.ts';
import type { Room } from './support.ts';
import { count, newSchema, TENANT } from './tenant.ts';

/** A restore from its row to its row, on a real server with the role of docs/roles.md. */
let room: Room;
let backup: Backup;
let services: Services;
roomForEach(TENANT, (made) => {
  ({ room, backup, services } = made);
});

const bodyOf = async (key: string): Promise<Buffer> => {
  const found = await services.s3.send(
    new GetObjectCommand({ Bucket: room.bench.bucket, Key: key }),
  );
  return Buffer.from((await found.Body?.transformToByteArray()) ?? []);
};
const put = (key: string, body: Buffer | string) =>
  services.s3.send(new PutObjectCommand({ Bucket: room.bench.bucket, Key: key, Body: body }));

describe('beside', () => {
  it('creates a new schema from the backup, and leaves the live one unchanged', async () => {
    await room.sql('DELETE FROM acme.orders WHERE id > 10');
    const { row, disposition } = await room.restore(backup);
    expect(row.error).toBeUndefined();
    expect(row).toMatchObject({ status: 'completed', attempt: 1 });
    expect(disposition.message).toBe('done');
    expect(row.outcome).toMatchObject({ tables: 2, rows: 1200, before: [], warnings: [] });
    expect(newSchema(row)).toMatch(/^acme_restored_\d{8}t\d{6}$/);
    expect(await count(room, `${newSchema(row)}.orders`)).toBe(1000);
    expect(await count(room, 'acme.orders')).toBe(10);
    expect(row.outcome?.foreignKeys).toMatchObject([
      { name: 'customers_country_fkey', state: 'valid' },
    ]);
    expect(row.report).toMatchObject({ problems: [], needs: { secondsAllowed: 840 } });
    expect(await room.schemas()).toEqual(['acme', newSchema(row), 'shared']);
  });

  it('uses the requested name, and refuses one that exists', async () => {
    const first = await room.restore(backup, { newSchema: 'Acme "old"' });
    expect(first.row.status).toBe('completed');
    const second = await room.restore(backup, { newSchema: 'Acme "old"' });
    expect(second.row).toMatchObject({ status: 'failed', error: { name: 'RestoreRefused' } });
    expect(second.row.error?.message).toContain('Acme');
    expect(await count(room, '"Acme ""old""".orders')).toBe(1000);
  });

  it('changes nothing in a dry run', async () => {
    const { row } = await room.restore(backup, { dryRun: true });
    expect(row).toMatchObject({ status: 'completed', report: { problems: [] } });
    expect(row.report?.foreignKeysOutside).toHaveLength(1);
    expect(row.report?.needs.databaseBytes).toBeGreaterThan(10_000);
    expect(row.outcome).toBeUndefined();
    expect(await room.schemas()).toEqual(['acme', 'shared']);
  });

  it('reports which objects of the backup still name the live schema, whatever is live now', async () => {
    await room.sql(
      `SET ROLE app_owner; CREATE FUNCTION acme.counted(n int) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM acme.orders';
       ALTER TABLE acme.orders ALTER COLUMN id SET DEFAULT nextval('acme.orders_id_seq'::text)`,
    );
    const [archive, plain] = [
      await room.backup('acme'),
      await room.backup('acme', { format: 'plain' }),
    ];
    await room.sql(
      'DROP FUNCTION acme.counted; ALTER TABLE acme.orders ALTER COLUMN id DROP DEFAULT',
    );
    const column = {
      what: 'the default of column "id" of table "acme.orders"',
      writes: true,
    };
    const { report } = (await room.restore(archive, { dryRun: true })).row;
    expect(report?.namingLive).toEqual(
      expect.arrayContaining([column, { what: 'function acme.counted(integer)', writes: false }]),
    );
    expect(report?.functionsNamingLive).toEqual(['acme.counted(integer)']);
    const all = expect.arrayContaining([
      column,
      { what: 'function "acme.counted"', writes: false },
    ]);
    for (const [one, newSchema] of [[archive, 'one'] as const, [plain, 'two'] as const]) {
      const { row } = await room.restore(one, { newSchema });
      expect(row.outcome?.namingLive).toEqual(all);
    }
    const plan = { mode: 'tables', tables: ['orders'], newSchema: 'three' } as const;
    const { row } = await room.restore(archive, plan);
    expect(row.report?.namingLive).toEqual([column]);
    expect(row.outcome?.namingLive).toEqual([column]);
    const swapped = (await room.restore(archive, { mode: 'swap' })).row;
    expect(swapped.report?.namingLive).toEqual([]);
    expect(swapped.outcome?.namingLive).toBeUndefined();
  });

  it('reports code that would run, and does not run it as the restore role unless requested', async () => {
    await room.sql(
      `SET ROLE app_owner; CREATE FUNCTION acme.fine(n numeric) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
       ALTER TABLE acme.orders ADD CHECK (acme.fine(total)); RESET ROLE;
       DO $$ BEGIN CREATE ROLE another; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
       GRANT another TO larder_restore; CREATE SCHEMA another AUTHORIZATION another`,
    );
    const [archive, plain] = [
      await room.backup('acme'),
      await room.backup('acme', { format: 'plain' }),
    ];
    const { row } = await room.restore(archive, { dryRun: true });
    // It is restricted to its owner.
    expect(row.report?.problems).toEqual([]);
    expect(row.report?.warnings).toEqual([]);
    for (const one of [archive, plain]) {
      const refused = await room.restore(one, { owners: 'drop' });
      expect(refused.row).toMatchObject({ status: 'failed', error: { name: 'RestoreRefused' } });
      expect(refused.row.error?.message).toContain('acceptOwnCode');
    }
    const tables = { mode: 'tables', owners: 'drop', newSchema: 'some' } as const;
    const harmless = await room.restore(archive, { ...tables, tables: ['customers'] });
    expect(harmless.row.status).toBe('completed');
    const asked = await room.restore(plain, { owners: 'drop', acceptOwnCode: true });
    expect(asked.row.status).toBe('completed');
    expect(asked.row.outcome?.warnings.join()).toContain(
      'Code of the backup ran as "larder_restore"',
    );
  });

  it.each([
    ['plain', 'zstd'],
    ['plain', 'gzip'],
    ['tar', 'none'],
    ['custom', 'none'],
  ] as const)('restores from %s with %s', async (format, compression) => {
    const other = await room.backup('acme', { format, compression });
    const { row } = await room.restore(other);
    expect(row).toMatchObject({ status: 'completed', outcome: { rows: 1200 } });
  });
});

describe('a backup that a verification found to be damaged', () => {
  it.each([{ mode: 'swap' }, {}] as const)('is reported by a dry run of %j', async (given) => {
    const dryRun = { ...given, dryRun: true };
    expect((await room.restore(backup, dryRun)).row.report?.warnings.join()).not.toContain(
      'differs',
    );
    await room.rows.validations.noteValidation(backup.projectId, backup.id, {
      validation: 'failed',
      verificationId: uuidv7(Date.now()),
      validatedAt: iso(Date.now()),
      why: 'table "orders" has 5 rows, and had 1000',
    });
    const { row } = await room.restore(backup, dryRun);
    expect(row.report?.warnings[0]).toMatch(/differs from its manifest: table "orders" has 5 rows/);
  });
});

describe('a backup whose bytes have changed', () => {
  const nothingLeft = async (): Promise<void> => {
    expect(await room.schemas()).toEqual(['acme', 'shared']);
    expect(await count(room, 'acme.orders')).toBe(1000);
  };

  it.each([0.02, 0.3, 0.6, 0.9, 0.999])('with a bit flipped at %d', async (part) => {
    const key = backup.fileId ?? '';
    const body = await bodyOf(key);
    const at = Math.floor(body.length * part);
    body[at] = (body[at] ?? 0) ^ 4;
    await put(key, body);
    for (const given of [{}, { mode: 'tables', tables: ['orders'] } as const]) {
      const { row } = await room.restore(backup, given);
      expect(row).toMatchObject({ status: 'failed', error: { name: 'BackupDamaged' } });
    }
    await nothingLeft();
  });

  it.each([0.02, 0.6, 0.999])(
    'a bit flipped in transit at %d is no damage: it is read again',
    async (part) => {
      const { vault } = room.ports;
      let readings = 0;
      const flipping: typeof vault = {
        ...vault,
        read: (key, range) => {
          const body = vault.read(key, range);
          // The table of contents is read in parts before.
          if (range || readings++ > 0) return body;
          const target = Math.floor((backup.size ?? 0) * part);
          let at = 0;
          return body.pipe(
            new Transform({
              transform(chunk: Buffer, _, done) {
                const own = Buffer.from(chunk);
                const here = target - at;
                if (here >= 0 && here < own.length) own[here] = (own[here] ?? 0) ^ 4;
                at += own.length;
                done(null, own);
              },
            }),
          );
        },
      };
      const { row } = await room.restore(backup, {}, { vault: flipping });
      expect(row).toMatchObject({ status: 'pending', error: { name: 'ReadCorrupted' } });
      expect(await room.again(row)).toMatchObject({ status: 'completed', outcome: { rows: 1200 } });
    },
  );

  it('cannot be read from its beginning on', async () => {
    const key = backup.fileId ?? '';
    const body = await bodyOf(key);
    await put(key, Buffer.alloc(body.length, 7));
    const { row } = await room.restore(backup, { dryRun: true });
    expect(row).toMatchObject({ status: 'failed', error: { name: 'BackupDamaged' } });
  });

  it('is cut short, is gone, or is stored with the manifest of another', async () => {
    const key = backup.fileId ?? '';
    const body = await bodyOf(key);
    await put(key, body.subarray(0, -1));
    expect((await room.restore(backup)).row.error?.name).toBe('BackupDamaged');
    await put(key, body);
    const other = await room.backup('acme');
    const manifest = manifestKeyBeside(key);
    const own = await bodyOf(manifest);
    await put(manifest, await bodyOf(manifestKeyBeside(other.fileId ?? '')));
    expect((await room.restore(backup)).row.error?.name).toBe('BackupDamaged');
    await put(manifest, own.toString().replace('"rows": 1000', '"rows": 1001'));
    expect((await room.restore(backup)).row.error).toMatchObject({ name: 'BackupDamaged' });
    const exchanged = own
      .toString()
      .replace('"rows": 1000', '"rows": 1100')
      .replace('"rows": 200', '"rows": 100');
    await put(manifest, exchanged);
    expect((await room.restore(backup)).row.error).toMatchObject({ name: 'BackupDamaged' });
    // In a backup from before manifests were signed, the rows themselves show it.
    const { signature: _, ...unsigned } = JSON.parse(exchanged);
    await put(manifest, JSON.stringify(unsigned));
    await forgetDigest(services, room, backup);
    expect((await room.restore(backup)).row.error).toMatchObject({ name: 'RestoreMismatch' });
    await room.bench.ports.vault.remove([manifest]);
    expect((await room.restore(backup)).row.error?.name).toBe('BackupGone');
    await nothingLeft();
  });
});

describe('tables', () => {
  it('are restored beside with what they need, and into the live schema if it has no such table', async () => {
    const beside = await room.restore(backup, { mode: 'tables', tables: ['customers'] });
    expect(beside.row.error).toBeUndefined();
    expect(beside.row.outcome).toMatchObject({ tables: 1, rows: 200 });
    expect(await count(room, `${newSchema(beside.row)}.customers`)).toBe(200);

    const taken = await room.restore(backup, { mode: 'tables', tables: ['orders'], into: 'live' });
    expect(taken.row).toMatchObject({ status: 'failed', error: { name: 'RestoreRefused' } });
    expect(await count(room, 'acme.orders')).toBe(1000);

    await room.sql('DROP VIEW acme.sums; DROP TABLE acme.orders');
    const back = await room.restore(backup, { mode: 'tables', tables: ['orders'], into: 'live' });
    expect(back.row.error).toBeUndefined();
    expect(await count(room, 'acme.orders')).toBe(1000);
    await room.sql('INSERT INTO acme.orders (customer, total) VALUES (1, 1)');
    expect(await count(room, 'acme.orders')).toBe(1001);
  });

  it('that are partitioned include their partitions, and a partition alone is restored without its parent', async () => {
    await room.sql(`SET ROLE app_owner; CREATE TABLE acme.days (d int) PARTITION BY LIST (d);
      CREATE TABLE acme.days_1 PARTITION OF acme.days FOR VALUES IN (1); CREATE TABLE acme.days_2 PARTITION OF acme.days FOR VALUES IN (2);
      INSERT INTO acme.days VALUES (1), (2), (2)`);
    const parted = await room.backup('acme');
    const plan = { mode: 'tables', newSchema: 'parts' } as const;
    const parent = await room.restore(parted, { ...plan, tables: ['days'] });
    expect(parent.row.outcome).toMatchObject({ tables: 3, rows: 3, leftOut: [] });
    expect(await count(room, 'parts.days')).toBe(3);
    const alone = { ...plan, newSchema: 'part', tables: ['days_2'] };
    const part = await room.restore(parted, alone);
    expect(part.row.outcome).toMatchObject({ tables: 1, rows: 2 });
    expect(part.row.outcome?.leftOut.map(({ what }) => what).join()).toContain('days_2');
    expect(await count(room, 'part.days_2')).toBe(2);
  });

  it('that are not tables are refused with their kind and a remedy', async () => {
    await room.sql('SET ROLE app_owner; CREATE MATERIALIZED VIEW acme.kept AS SELECT 1 AS a');
    const stored = await room.backup('acme');
    const tables = ['kept', 'sums', 'orders_id_seq', 'orders_customer'];
    const { row } = await room.restore(stored, { mode: 'tables', tables });
    expect(row.error).toMatchObject({ name: 'RestoreRefused' });
    const said = row.error?.message ?? '';
    expect(said).toMatch(/"kept" is a materialized view, .*choose the tables that it reads/);
    expect(said).toMatch(/"sums" is a view, /);
    expect(said).toMatch(/"orders_id_seq" is a sequence, .* the table that owns it/);
    expect(said).toMatch(/"orders_customer" is not a table of this backup/);
  });

  it('that are not in the backup, or in a plain one, are refused by name', async () => {
    const { row } = await room.restore(backup, { mode: 'tables', tables: ['orders', 'no "such"'] });
    expect(row.error?.message).toContain('no \\"such\\"');
    const plain = await room.backup('acme', { format: 'plain' });
    const refused = await room.restore(plain, { mode: 'tables', tables: ['orders'] });
    expect(refused.row.error).toMatchObject({ name: 'RestoreRefused' });
    expect(refused.row.error?.message).toContain('plain');
  });
});

describe('a swap', () => {
  it('makes a safety backup, exchanges the names, and can be undone', async () => {
    await room.sql('UPDATE acme.orders SET total = 0');
    const { row } = await room.restore(backup, { mode: 'swap' });
    expect(row.error).toBeUndefined();
    expect(row.outcome?.foreignKeys).toMatchObject([{ table: { schema: 'acme' }, state: 'valid' }]);
    const [before] = row.outcome?.before ?? [];
    expect(row.outcome?.schemas).toMatchObject([{ to: 'acme' }]);
    expect(before?.to).toMatch(/^acme_before_/);
    const sum = async (schema: string) =>
      (await room.sql(`SELECT sum(total)::int AS s FROM ${schema}.orders`)).rows[0].s;
    expect(await sum('acme')).toBe(500_500);
    expect(await sum(before?.to ?? '')).toBe(0);
    const safety = await room.bench.ports.history.get('acme', row.safetyBackupId ?? '');
    expect(safety).toMatchObject({ status: 'completed', rowCount: 1200, name: 'Before a swap' });

    const undone = await room.restore(backup, { mode: 'undo', undoes: row.id });
    expect(undone.row.error).toBeUndefined();
    expect(await sum('acme')).toBe(0);
    expect(await sum(undone.row.outcome?.before[0]?.to ?? '')).toBe(500_500);
  });

  it('restores a schema that is gone, without a safety backup', async () => {
    await room.sql('DROP SCHEMA acme CASCADE');
    const { row } = await room.restore(backup, { mode: 'swap' });
    expect(row).toMatchObject({ status: 'completed', outcome: { before: [] } });
    expect(row.safetyBackupId).toBeUndefined();
    expect(await count(room, 'acme.orders')).toBe(1000);
  });

  it('does not start without its safety backup', async () => {
    const failing = { send: async () => [] };
    const history = {
      ...room.ports.history,
      get: async (projectId: string, id: string) => {
        const found = await room.ports.history.get(projectId, id);
        return found?.name === 'Before a swap'
          ? { ...found, status: 'failed' as const, error: { name: 'X', message: 'No disk.' } }
          : found;
      },
    };
    const { row } = await room.restore(backup, { mode: 'swap' }, { exports: failing, history });
    expect(row).toMatchObject({ status: 'failed', error: { name: 'SafetyBackupFailed' } });
    expect(row.error?.message).toContain('No disk.');
    expect(await room.schemas()).toEqual(['acme', 'shared']);
  });

  it('is refused while an outside object depends on the live schema, unless requested', async () => {
    await room.sql('CREATE VIEW shared.all_orders AS SELECT * FROM acme.orders');
    const { row } = await room.restore(backup, { mode: 'swap' });
    expect(row).toMatchObject({ status: 'failed', error: { name: 'RestoreRefused' } });
    expect(row.report?.dependents.join()).toContain('all_orders');
    expect(row.safetyBackupId).toBeUndefined();
    const asked = await room.restore(backup, { mode: 'swap', acceptDependents: true });
    expect(asked.row.status).toBe('completed');
  });
});
