import { type Backup, iso } from '../../core/backup.ts';
import type { Loosening } from '../../core/errors/restore.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { RestoringProject } from '../../core/ownership.ts';
import type { RestoreProgress, RestoreStep } from '../../core/restore.ts';
import type { Loaded, Preflight } from '../../core/restore-ports.ts';
import type { MeteredReading } from '../../core/stored-object.ts';
import { markerSecretOf, type RestoreWithSecret } from './marker-secret.ts';
import type { RestoreOptions, RestorePorts } from './ports.ts';
import type { RestorePlan } from './restore-plan.ts';

/** The path from the stored object to a schema: vault, digest, archive reader, one transaction. */
export interface LoadContext {
  readonly restore: RestoreWithSecret;
  readonly project: RestoringProject;
  readonly backup: Backup;
  readonly manifest: Manifest;
  readonly plan: RestorePlan;
  readonly preflight: Preflight;
  /** Reading of the stored object; ended here. If the load fails, its creator checks which bytes had arrived. */
  readonly reading: MeteredReading;
  /** Checks that are removed before the rows are loaded. */
  readonly loosen: Loosening | undefined;
  readonly stop: AbortController;
  /** Called with the progress, for the record. */
  readonly onProgress: (progress: RestoreProgress) => void;
}

/** @returns the schemas and their facts after the commit, and the number of bytes read */
export const loadBackup = async (
  ports: Pick<RestorePorts, 'archives' | 'server' | 'vault' | 'clock'>,
  options: Pick<RestoreOptions, 'settings'>,
  { restore, project, manifest, plan, preflight, reading, loosen, stop, onProgress }: LoadContext,
): Promise<Loaded & { readonly bytesRead: number }> => {
  const { signal } = stop;
  const { object, options: made } = manifest;
  const tablesTotal = (plan.chosen?.tables ?? manifest.tables).length;
  let tablesDone = 0;
  let present: { readonly step: RestoreStep; readonly since: string } | undefined;
  const report = (step: RestoreStep): void => {
    if (present?.step !== step) present = { step, since: iso(ports.clock()) };
    onProgress({
      ...present,
      tablesDone,
      tablesTotal,
      bytesRead: reading.input.bytes,
      bytesTotal: object.bytes,
      at: iso(ports.clock()),
    });
  };
  try {
    const sql = await ports.archives.open({
      format: made.format,
      compression: made.compression,
      input: reading.input,
      ...(plan.entries && { entries: plan.entries }),
      serverMajor: preflight.server.major,
      signal,
    });
    report('loading');
    const loaded = await ports.server.load({
      ...markerSecretOf(restore),
      attempt: restore.attempt,
      manifest,
      project,
      places: plan.places,
      mode: plan.mode,
      ...(plan.chosen && { tables: plan.chosen.tables, chosen: plan.chosen }),
      owners: restore.owners,
      ...(restore.acceptOwnCode && { acceptOwnCode: true }),
      missingRoles: preflight.missingRoles,
      createExtensions: options.settings.createExtensions,
      lockTimeoutMs: options.settings.lockTimeoutMs,
      ...(restore.onConflict && { onConflict: restore.onConflict }),
      ...(loosen && { loosen }),
      text: sql.text,
      confirm: async () => {
        report('counting');
        await reading.confirm();
        signal.throwIfAborted();
      },
      onTable: () => {
        tablesDone += 1;
        report('loading');
      },
      signal,
    });
    return { ...loaded, bytesRead: reading.input.bytes };
  } finally {
    // After a failure no other part may go on reading or writing for this restore.
    await reading.end();
  }
};
