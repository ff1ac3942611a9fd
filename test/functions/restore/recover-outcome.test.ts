import { beforeEach, describe, expect, it } from 'vitest';
import type { Backup } from '../../../core/backup.ts';
import { TIMES } from '../../../core/contract.ts';
import { describeError } from '../../../core/errors/base.ts';
import { RestoreInterrupted } from '../../../core/errors/restore.ts';
import { WorkerDied } from '../../../core/errors/work.ts';
import type { Restore } from '../../../core/restore.ts';
import { isUndoable } from '../../../functions/api/public-jobs.ts';
import { jobRows } from '../../support/jobs.ts';
import type { Services } from '../export/support.ts';
import { roomForEach } from './room-for-each.ts';
import type { Room } from './support.ts';

/** Workers that die each time at the exchange of names: the state of the source decides, and the exchange can be undone. */
let room: Room;
let backup: Backup;
let services: Services;
roomForEach(
  'CREATE SCHEMA acme; CREATE TABLE acme.t (id int); INSERT INTO acme.t VALUES (1), (2)',
  (made) => {
    ({ room, backup, services } = made);
  },
);
beforeEach(async () => {
  await room.sql('DELETE FROM acme.t');
});

const rows = async (schema: string): Promise<number> =>
  (await room.sql(`SELECT count(*)::int AS n FROM "${schema}".t`)).rows[0].n;

const atTheEnd = async (): Promise<never> => {
  throw new Error('the process is gone');
};

/** All attempts die at the exchange, after its COMMIT if it is to happen, and no record is written of the last. */
const dying = async (given: Partial<Restore>, happens: boolean): Promise<Restore> => {
  const { server, restores } = room.ports;
  const dead = {
    ...server,
    rename: async (...asked: Parameters<typeof server.rename>) => {
      if (happens) await server.rename(...asked);
      throw new RestoreInterrupted('the worker died');
    },
  };
  const first = await room.restore(backup, given, { server: dead });
  let { row } = first;
  for (let attempt = 2; attempt < TIMES.maxAttempts; attempt += 1)
    row = await room.again(row, { server: dead });
  const unwritten = { ...restores, fail: atTheEnd, release: atTheEnd };
  await expect(room.again(row, { server: dead, restores: unwritten })).rejects.toThrow('is gone');
  const left = await restores.get(row.projectId, row.id);
  expect(left).toMatchObject({ status: 'in-progress', attempt: TIMES.maxAttempts });
  return row;
};

/** The table after the last lease has expired. */
const later = () =>
  jobRows({
    table: room.bench.table,
    client: services.tables.client,
    clock: () => Date.now() + (TIMES.leaseSeconds + 1) * 1000,
  }).restores;

it('a swap that had happened is completed, and can be undone', async () => {
  const swap = await dying({ mode: 'swap' }, true);
  const done = await room.again(swap, { restores: later() });
  expect(done.error).toBeUndefined();
  expect(done).toMatchObject({
    status: 'completed',
    outcome: { tables: 1, rows: 2, schemas: [{ to: 'acme' }], before: [{ from: 'acme' }] },
  });
  expect(isUndoable(done)).toBe(true);
  expect(await rows('acme')).toBe(2);

  const undo = await dying({ mode: 'undo', undoes: swap.id }, true);
  const undone = await room.again(undo, { restores: later() });
  expect(undone).toMatchObject({ status: 'completed', outcome: { before: [{ from: 'acme' }] } });
  expect(await rows('acme')).toBe(0);
  expect(await rows(undone.outcome?.before[0]?.to ?? '')).toBe(2);
});

it('a swap that had not happened fails, and an undo of it changes nothing', async () => {
  const swap = await dying({ mode: 'swap' }, false);
  const failed = await room.again(swap, { restores: later() });
  expect(failed).toMatchObject({ status: 'failed', error: { name: 'JobWorkerDied' } });
  const there = await room.schemas();
  const { row } = await room.restore(backup, { mode: 'undo', undoes: swap.id });
  expect(row.status).toBe('failed');
  expect(await room.schemas()).toEqual(there);
  expect(await rows('acme')).toBe(0);
});

it('a swap that was given up without a look at the source can still be undone', async () => {
  const swap = await dying({ mode: 'swap' }, true);
  const failure = describeError(new WorkerDied('restore', TIMES.maxAttempts));
  expect(await later().failAbandoned(swap.projectId, swap.id, failure)).toMatchObject({
    status: 'failed',
  });
  const failed = await room.ports.restores.get(swap.projectId, swap.id);
  expect(failed && isUndoable(failed)).toBe(true);
  const { row } = await room.restore(backup, { mode: 'undo', undoes: swap.id });
  expect(row.error).toBeUndefined();
  expect(row.status).toBe('completed');
  expect(await rows('acme')).toBe(0);
});

describe('a restore whose workers all died after its COMMIT', () => {
  const dead = async (given: Partial<Restore>): Promise<Restore> => {
    const { server, restores } = room.ports;
    // The process ends before it can write anything, and the checks of the next ones never finish either.
    const ending = {
      server: {
        ...server,
        load: async (...asked: Parameters<typeof server.load>) => {
          await server.load(...asked);
          throw new RestoreInterrupted('the worker died');
        },
        findLoaded: async () => {
          throw new RestoreInterrupted('the worker died');
        },
      },
    };
    let { row } = await room.restore(backup, given, ending);
    for (let attempt = 2; attempt < TIMES.maxAttempts; attempt += 1)
      row = await room.again(row, ending);
    const unwritten = { ...restores, fail: atTheEnd, release: atTheEnd };
    await expect(room.again(row, { ...ending, restores: unwritten })).rejects.toThrow('is gone');
    expect(row.outcome).toBeUndefined();
    return row;
  };

  it('is completed, with the facts of its marker', async () => {
    const done = await room.again(await dead({ newSchema: 'again' }), { restores: later() });
    expect(done.error).toBeUndefined();
    expect(done).toMatchObject({
      status: 'completed',
      outcome: { tables: 1, rows: 2, schemas: [{ from: 'acme', to: 'again' }], foreignKeys: [] },
    });
    expect(await rows('again')).toBe(2);
  });

  it('is completed for chosen tables in the live schema too', async () => {
    await room.sql('DROP TABLE acme.t');
    const plan = { mode: 'tables', tables: ['t'], into: 'live' } as const;
    const done = await room.again(await dead(plan), { restores: later() });
    expect(done).toMatchObject({ status: 'completed', outcome: { tables: 1, rows: 2 } });
  });

  it('fails if nothing was committed', async () => {
    const row = await dead({ newSchema: 'again' });
    await room.sql('DROP SCHEMA again CASCADE');
    const failed = await room.again(row, { restores: later() });
    expect(failed).toMatchObject({ status: 'failed', error: { name: 'JobWorkerDied' } });
  });
});
