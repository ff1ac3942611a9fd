import { type Backup, iso } from '../backup.ts';
import { describeError, type LarderError } from '../errors/base.ts';
import type { History } from '../history-ports.ts';
import type { Restores, Validations, Verifications } from '../job-ports.ts';
import type { Clock, Log } from '../ports.ts';
import type { Outcomes } from '../queue-ports.ts';
import type { Restore } from '../restore.ts';
import type { Verification } from '../verification.ts';
import { BACKUPS, RESTORES, VERIFICATIONS, type WorkKind } from './kinds.ts';
import type { WorkStore } from './store.ts';
import type { LeasedWork, WorkRef } from './work.ts';

/** One kind of leased work for the sweep and the dead-letter handler, which end rows without a worker. */
export interface UnattendedWork<W extends LeasedWork> {
  readonly kind: WorkKind<W>;
  readonly store: Pick<WorkStore<W>, 'get' | 'failAbandoned'>;
  /** Writes that must be done before the outcome is sent; a worker may have died before it did them. May be repeated. */
  readonly beforeNotifying?: (ended: Pick<LeasedWork, keyof WorkRef | 'status'>) => Promise<void>;
}

export interface UnattendedPorts {
  readonly history: Pick<History, 'get' | 'failAbandoned' | 'settleRetention'>;
  readonly restores: Pick<Restores, 'get' | 'failAbandoned'>;
  readonly verifications: Pick<Verifications, 'get' | 'failAbandoned'>;
  readonly validations: Validations;
  readonly clock: Clock;
}

export interface Unattended {
  readonly backups: UnattendedWork<Backup>;
  readonly restores: UnattendedWork<Restore>;
  readonly verifications: UnattendedWork<Verification>;
}

/** Records on the backup that it could not be verified, so that it does not look verified. */
export const noteNotRun = (
  { validations, clock }: Pick<UnattendedPorts, 'validations' | 'clock'>,
  { projectId, backupId, id, result, error }: Verification,
): Promise<void> =>
  validations.noteValidation(projectId, backupId, {
    validation: 'could-not-run',
    verificationId: id,
    validatedAt: iso(clock()),
    why: result?.why ?? error?.message ?? 'it failed',
  });

export const unattendedOf = (ports: UnattendedPorts): Unattended => ({
  backups: {
    kind: BACKUPS,
    store: ports.history,
    beforeNotifying: async ({ projectId, status }) => {
      if (status === 'completed') await ports.history.settleRetention(projectId);
    },
  },
  restores: { kind: RESTORES, store: ports.restores },
  verifications: {
    kind: VERIFICATIONS,
    store: ports.verifications,
    beforeNotifying: async ({ projectId, id, status }) => {
      const row = status === 'failed' && (await ports.verifications.get(projectId, id));
      if (row) await noteNotRun(ports, row);
    },
  },
});

/**
 * Fails a row without a worker, and sends its outcome. Repeats both if an earlier call died between them.
 * @returns false if a worker holds the row, or if it ended in another way
 */
export const giveUp = async <W extends LeasedWork>(
  { outcomes, log }: { readonly outcomes: Outcomes; readonly log: Log },
  { kind, store, beforeNotifying }: UnattendedWork<W>,
  { projectId, id }: WorkRef,
  error: LarderError,
): Promise<boolean> => {
  const failure = describeError(error);
  const before = async (): Promise<W | undefined> => {
    const row = await store.get(projectId, id);
    return row?.error?.name === failure.name && !row.toldAt ? row : undefined;
  };
  const failed =
    (await store.failAbandoned(projectId, id, failure, kind.findingsOf?.(failure))) ??
    (await before());
  if (!failed) return false;
  log.error(`a ${kind.name} failed: no worker can complete it`, {
    projectId,
    [kind.idName]: id,
    failure,
  });
  await beforeNotifying?.(failed);
  await outcomes.send(kind.outcomeOf(failed));
  return true;
};
