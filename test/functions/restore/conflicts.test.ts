import { describe, expect, it } from 'vitest';
import type { Backup } from '../../../core/backup.ts';
import { roomForEach } from './room-for-each.ts';
import type { Room } from './support.ts';
import { count, newSchema, TENANT } from './tenant.ts';

/** A backup whose rows violate its own definitions, from row to row: it is restored again without the checks, if requested. */
let room: Room;
roomForEach(TENANT, (made) => {
  ({ room } = made);
});

/** One order references no customer, and one violates the check that its table now has. */
const unfit = async (): Promise<Backup> => {
  await room.sql(`SET session_replication_role = replica; INSERT INTO acme.orders (customer, total) VALUES (9999, 77);
    CREATE OR REPLACE FUNCTION acme.is_total(n numeric) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT n > 5'`);
  return await room.backup('acme');
};

describe('rows that violate their constraints', () => {
  it('stop a swap, which names the alternative; if that is requested, it lists the unfinished objects under the live name, and is undone', async () => {
    const backup = await unfit();
    const stopped = await room.restore(backup, { mode: 'swap', onConflict: 'stop' });
    expect(stopped.row).toMatchObject({ status: 'failed', error: { name: 'StatementRefused' } });
    expect(stopped.row.error?.message).toMatch(
      /orders_total_check.*Nothing was restored.*"onConflict": "report"/s,
    );
    expect(await room.schemas()).toEqual(['acme', 'shared']);
    // An old row has no such setting, and the restore stops.
    const before = await room.restore(backup, { mode: 'beside' });
    expect(before.row).toMatchObject({ status: 'failed', error: { name: 'StatementRefused' } });

    const { row } = await room.restore(backup, { mode: 'swap', onConflict: 'report' });
    expect(row).toMatchObject({ status: 'completed', outcome: { rows: 1201 } });
    expect(row.outcome?.unfinished).toMatchObject([
      {
        kind: 'foreign-key',
        state: 'not-valid',
        sql: 'ALTER TABLE "acme"."orders" VALIDATE CONSTRAINT "orders_customer_fkey"',
      },
      {
        kind: 'check',
        state: 'not-valid',
        sql: 'ALTER TABLE "acme"."orders" VALIDATE CONSTRAINT "orders_total_check"',
      },
    ]);
    expect(await count(room, 'acme.orders')).toBe(1001);
    await room.sql('DELETE FROM acme.orders WHERE customer = 9999 OR total <= 5');
    for (const { sql = '' } of row.outcome?.unfinished ?? []) await room.sql(sql);
    const undone = await room.restore(backup, { mode: 'undo', undoes: row.id });
    expect(undone.row.status).toBe('completed');
  });

  it('are restored beside and by tables, with each reason', async () => {
    const backup = await unfit();
    const tables = { mode: 'tables', tables: ['orders', 'customers'], newSchema: 'few' } as const;
    for (const given of [{}, tables]) {
      const { row } = await room.restore(backup, { ...given, onConflict: 'report' });
      expect(row.error).toBeUndefined();
      expect(row.outcome?.unfinished?.map(({ kind, why }) => [kind, why])).toEqual([
        ['foreign-key', expect.stringContaining('23503')],
        ['check', expect.stringContaining('23514')],
      ]);
      expect(await count(room, `${newSchema(row)}.orders`)).toBe(1001);
    }
  });
});
