import { iso } from '../../core/backup.ts';
import { TABLE } from '../../core/contract.ts';
import { isManual, type Run } from '../../core/run.ts';
import type { Firings, KnownSchedule } from '../../core/run-ports.ts';
import { changeRow, getRow, type HistoryTable, type Key, putRow } from './table.ts';

/**
 * Firings of schedules: a row for each schedule with the due time of its newest run, written when that run begins; and one row of
 * sweep itself with the schedules that it knows. The firings can't be read from the runs themselves: EventBridge Scheduler counts a
 * rate from its own creation of the schedule, so the ids of its runs can't be computed.
 */
const keyOf = (schedule: string): Key => ({
  pk: `${TABLE.schedulePrefix}${schedule}`,
  sk: TABLE.firedRow,
});

/** Records that a schedule has fired. A run that a person started is no firing. */
export const noteFiring = async (
  access: HistoryTable,
  { schedule, scheduledAt }: Pick<Run, 'schedule' | 'scheduledAt'>,
): Promise<void> => {
  if (isManual(schedule)) return;
  // Refused if a later firing is recorded: an earlier run may be planned again.
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
    // Refused if a sweep that began later has written: its configuration is newer.
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
