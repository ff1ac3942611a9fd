import { describe, expect, it } from 'vitest';
import { type Backup, iso } from '../../../core/backup.ts';
import { RestoreInterrupted } from '../../../core/errors/restore.ts';
import { PermissionMissing } from '../../../core/errors/schema.ts';
import { ClaimLost } from '../../../core/errors/work.ts';
import type { LoadRequest, RestoreServer } from '../../../core/restore-ports.ts';
import { roomForEach } from './room-for-each.ts';
import type { Room } from './support.ts';
import { count, newSchema, TENANT } from './tenant.ts';

/** Workers that die or are stopped in the middle of a restore: on a real server, from row to row. */
let room: Room;
let backup: Backup;
roomForEach(TENANT, (made) => {
  ({ room, backup } = made);
});

/** A server where something happens once everything is loaded and confirmed. */
const beforeCommit = (happens: (request: LoadRequest) => Promise<void>): RestoreServer => ({
  ...room.ports.server,
  load: (request) =>
    room.ports.server.load({
      ...request,
      confirm: async () => {
        await request.confirm();
        await happens(request);
      },
    }),
});

describe('a restore that dies', () => {
  it('leaves nothing, and the next attempt completes it', async () => {
    let died = false;
    const server = beforeCommit(async () => {
      if (died) return;
      died = true;
      throw new RestoreInterrupted('the test cut it');
    });
    const { row } = await room.restore(backup, {}, { server });
    expect(row).toMatchObject({ status: 'pending', error: { name: 'RestoreInterrupted' } });
    expect(await room.schemas()).toEqual(['acme', 'shared']);
    const again = await room.again(row, { server });
    expect(again).toMatchObject({ status: 'completed', attempt: 2 });
    expect(await count(room, `${newSchema(again)}.orders`)).toBe(1000);
  });

  it('after its COMMIT is continued from there: the schema is not created twice, and its keys are added', async () => {
    let died = false;
    const server = {
      ...room.ports.server,
      addForeignKeys: async (...given: Parameters<typeof room.ports.server.addForeignKeys>) => {
        if (died) return await room.ports.server.addForeignKeys(...given);
        died = true;
        throw new RestoreInterrupted('the test cut it');
      },
      load: async (request: Parameters<typeof room.ports.server.load>[0]) => {
        if (died) throw new Error('loaded twice');
        return await room.ports.server.load(request);
      },
    };
    const { row } = await room.restore(backup, {}, { server });
    expect(row.status).toBe('pending');
    expect(await room.schemas()).toHaveLength(3);
    const again = await room.again(row, { server });
    expect(again).toMatchObject({ status: 'completed', outcome: { tables: 2, rows: 1200 } });
    expect(again.outcome?.foreignKeys).toMatchObject([{ state: 'valid' }]);
  });

  it('in the middle of a swap, at any step, ends with the names exchanged once', async () => {
    for (const [index, step] of (['addForeignKeys', 'rename'] as const).entries()) {
      // Names have a resolution of one second.
      const createdAt = iso(Date.now() + index * 1000);
      let died = false;
      const call = room.ports.server[step] as (...given: never[]) => Promise<unknown>;
      const server = {
        ...room.ports.server,
        [step]: async (...given: never[]) => {
          if (died) return await call(...given);
          died = true;
          if (step === 'rename') await call(...given);
          throw new RestoreInterrupted('the test cut it');
        },
      };
      const before = await room.schemas();
      const { row } = await room.restore(backup, { mode: 'swap', createdAt }, { server });
      expect(row.status).toBe('pending');
      // Nothing has an exchanged name until the exchange is known to be done.
      expect(row.outcome?.before).toEqual([]);
      const again = await room.again(row, { server });
      expect(again.error).toBeUndefined();
      expect(again).toMatchObject({ status: 'completed', outcome: { tables: 2 } });
      expect(again.outcome?.before[0]?.from).toBe('acme');
      expect(await room.schemas()).toHaveLength(before.length + 1);
      expect(await count(room, 'acme.orders')).toBe(1000);
    }
  });

  it('after its COMMIT in its last attempt reports what exists, and what was not done', async () => {
    const server = {
      ...room.ports.server,
      addForeignKeys: async () => {
        throw new PermissionMissing('The test allows no key', 'Nothing helps.');
      },
    };
    const { row } = await room.restore(backup, {}, { server });
    expect(row).toMatchObject({ status: 'failed', error: { name: 'StepNotDone' } });
    expect(row.error?.message).toContain(newSchema(row));
    expect(row.outcome?.foreignKeys).toMatchObject([{ state: 'left-out', why: 'not added yet' }]);
    expect(await count(room, `${newSchema(row)}.orders`)).toBe(1000);
  });

  it('as a swap whose key cannot be added exchanges nothing', async () => {
    const server = {
      ...room.ports.server,
      addForeignKeys: async (keys: Parameters<typeof room.ports.server.addForeignKeys>[0]) =>
        keys.map((key) => ({ ...key, state: 'left-out' as const, why: 'it is locked' })),
    };
    const { row } = await room.restore(backup, { mode: 'swap' }, { server });
    expect(row).toMatchObject({ status: 'failed', error: { name: 'StepNotDone' } });
    expect(row.error?.message).toContain('it is locked');
    expect(row.outcome?.before).toEqual([]);
    expect(await room.schemas()).toEqual(['acme', newSchema(row), 'shared']);
  });

  it('whose row was claimed by another worker changes nothing', async () => {
    const restores = {
      ...room.ports.restores,
      heartbeat: async () => 'lost' as const,
    };
    const { disposition } = await room.restore(backup, {}, { restores });
    expect(disposition).toMatchObject({ message: 'again', error: expect.any(ClaimLost) });
    expect(await room.schemas()).toEqual(['acme', 'shared']);
  });

  it('that is cancelled while it loads leaves nothing, and ends as cancelled', async () => {
    const server = beforeCommit(async ({ signal }) => {
      await new Promise((_, reject) => {
        const fail = () => reject(signal.reason);
        if (signal.aborted) fail();
        signal.addEventListener('abort', fail);
      });
    });
    const restores = {
      ...room.ports.restores,
      get: async (projectId: string, id: string) => {
        const row = await room.ports.restores.get(projectId, id);
        if (row?.status === 'in-progress') await room.ports.restores.requestCancel(projectId, id);
        return await room.ports.restores.get(projectId, id);
      },
    };
    const { row } = await room.restore(backup, {}, { server, restores });
    expect(row.status).toBe('cancelled');
    expect(await room.schemas()).toEqual(['acme', 'shared']);
  });
});
