import type { Backup, Completion } from '../../core/backup.ts';
import { describeError } from '../../core/errors/base.ts';
import { BACKUPS } from '../../core/leased-work/kinds.ts';
import {
  type Delivery,
  type Disposition,
  type WorkContext,
  workMessage,
} from '../../core/leased-work/work-message.ts';
import { allEnded } from '../../core/parallel.ts';
import { findEarlier } from './adopt.ts';
import { attemptBackup } from './attempt.ts';
import type { ExportOptions, ExportPorts } from './ports.ts';
import { wantVerification } from './request-verification.ts';

/** A backup that already exists must not fail because its source can't be reached any more. */
const endLeftoversOf = async ({ snapshots, log }: ExportPorts, backup: Backup): Promise<void> => {
  try {
    await snapshots.endLeftovers(backup.id, backup.attempt);
  } catch (error) {
    log.warn('looking for sessions of an earlier attempt failed', {
      backupId: backup.id,
      error: describeError(error).name,
    });
  }
};

const work = async (
  ports: ExportPorts,
  options: ExportOptions,
  backup: Backup,
  { stop, note, write }: WorkContext<Backup>,
): Promise<Completion> => {
  if (backup.attempt > 1) {
    const earlier = await findEarlier(ports, options.keyTemplate, backup, ports.clock);
    if (earlier) {
      await endLeftoversOf(ports, backup);
      return earlier;
    }
    await ports.snapshots.endLeftovers(backup.id, backup.attempt);
  }
  return await attemptBackup(ports, options, {
    backup,
    stop,
    onProgress: (progress) => note(() => ({ progress: progress() })),
    // An unknown state counts as not held.
    isHeld: () =>
      write({}).then(
        () => true,
        () => false,
      ),
  });
};

/**
 * One message of an exports queue, from claim to final row.
 * @throws errors of the history; the message is then delivered again
 */
export const exportBackup = (
  ports: ExportPorts,
  options: ExportOptions,
  delivery: Delivery,
): Promise<Disposition<Backup>> => {
  const { history: store, queue, clock, log, outcomes } = ports;
  return workMessage<Backup, Completion>(
    { store, queue, clock, log },
    {
      kind: BACKUPS,
      mostSeconds: options.settings.maximumDurationSeconds,
      work: (backup, context) => work(ports, options, backup, context),
      // The last worker may have died between its manifest and its row: then the backup is complete.
      recover: (backup) => {
        const next = { ...backup, attempt: backup.attempt + 1 };
        return findEarlier(ports, options.keyTemplate, next, clock);
      },
      ended: async (backup) => {
        await allEnded([
          backup.status === 'completed' ? wantVerification(ports, options, backup) : undefined,
          outcomes.send(BACKUPS.outcomeOf(backup)),
        ]);
      },
    },
    delivery,
  );
};
