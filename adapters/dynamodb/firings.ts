import { iso } from '../../core/backup.ts';
import { TABLE } from '../../core/contract.ts';
import { isManual, type Run } from '../../core/run.ts';
import type { Firings, KnownSchedule } from '../../core/run-ports.ts';
import { changeRow, getRow, type HistoryTable, type Key, putRow } from './table.ts';

/**
 * Firings of schedules: a row for each schedule with the time its newest run was due, written when that run begins; and one row of
 * sweep's own with the schedules that it knows. The first cannot be read from the runs themselves: a rate counts from when EventBridge
 * Scheduler made it, so the ids of its runs can't be computed.
 */
const keyOf = (schedule: string): Key => ({
  pk: `${TABLE.schedulePrefix}${schedule}`,
  sk: TABLE.firedRow,
});

/** Notes that a schedule has fired. A run that a person started is no firing. */
export const noteFiring = async (
  access: HistoryTable,
  { schedule, scheduledAt }: Pick<Run, 'schedule' | 'scheduledAt'>,
): Promise<void> => {
  if (isManual(schedule)) return;
  // Refused where a later firing has been noted: an earlier run may be planned again.
  await changeRow(access, keyOf(schedule), {
    set: { kind: 'firing', firedAt: scheduledAt },
    when: 'attribute_not_exists(#firedAt) OR #firedAt < :at',
    values: { ':at': scheduledAt },
  });
};

export const makeFirings = (access: HistoryTable): Firings => ({
  last: async (schedule) => {
    const row = await getRow(access, keyOf(schedule));
    return typeof row?.firedAt === 'string' ? row.firedAt : undefined;
  },

  known: async () => {
    const row = await getRow(access, TABLE.watchedSchedules);
    return (row?.schedules ?? []) as readonly KnownSchedule[];
  },

  keep: async (schedules) => {
    const keptAt = iso(access.clock());
    // Refused where a sweep that began later has written: its configuration is the newer one.
    await putRow(
      access,
      { ...TABLE.watchedSchedules, kind: 'watched-schedules', schedules, keptAt },
      {
        condition: `attribute_not_exists(#${TABLE.pk}) OR #keptAt <= :keptAt`,
        values: { ':keptAt': keptAt },
      },
    );
  },
});
