import { type Backup, iso } from '../../core/backup.ts';
import { type Manifest, tableKey } from '../../core/manifest.ts';
import type { RestoringProject } from '../../core/ownership.ts';
import {
  beforeName,
  type Restore,
  type RestoreReport,
  type SchemaPlace,
} from '../../core/restore.ts';
import type { Preflight } from '../../core/restore-ports.ts';
import type { StoredBackup } from '../../core/stored-backup.ts';
import { leastSeconds } from '../../core/stored-object.ts';
import type { RestoreOptions, RestorePorts } from './ports.ts';
import type { RestorePlan } from './restore-plan.ts';
import { logNotOwned } from './restoring-project.ts';

/**
 * What a restore needs, and the reasons to refuse it, before anything is written. The speed is that of a small instance: bytes of
 * tables on the server per second (docs/benchmarks.md has measured ones).
 */
const SLOW_BYTES = 15 * 1024 ** 2;
const FIXED_SECONDS = 5;

const bytesOf = (manifest: Manifest, { chosen }: RestorePlan): number => {
  const wanted = chosen && new Set(chosen.tables.map(({ schema, name }) => tableKey(schema, name)));
  return manifest.tables
    .filter(({ schema, name }) => !wanted || wanted.has(tableKey(schema, name)))
    .reduce((sum, { bytes }) => sum + bytes, 0);
};

const timeProblems = (bytes: number, allowed: number) => {
  const seconds = Math.ceil(FIXED_SECONDS + bytes / SLOW_BYTES);
  const least = leastSeconds(bytes);
  const way = 'GET .../restore-guide has the commands to restore it by hand, without a time limit.';
  if (least > allowed) {
    return {
      seconds,
      problems: [
        `It would take ${least} s at the very least, and its function has ${allowed} s. ${way}`,
      ],
      warnings: [],
    };
  }
  const warnings =
    seconds > allowed
      ? [
          `It may take ${seconds} s on a slow server, and its function has ${allowed} s: then nothing is kept. ${way}`,
        ]
      : [];
  return { seconds, problems: [], warnings };
};

/** A damaged backup may still be the best one, so it is not refused. */
const validationWarnings = ({ validation, validationWhy }: Backup): string[] =>
  validation === 'failed'
    ? [
        `A verification found that this backup differs from its manifest: ${validationWhy ?? 'see GET .../verifications'}. GET .../backups/latest names the newest backup that is not known to be damaged.`,
      ]
    : [];

/** Names that a swap gives to the live schemas. */
export const beforePlaces = (
  { createdAt }: Pick<Restore, 'createdAt'>,
  places: readonly SchemaPlace[],
): readonly SchemaPlace[] => places.map(({ from }) => ({ from, to: beforeName(from, createdAt) }));

export interface Checked {
  readonly report: RestoreReport;
  readonly preflight: Preflight;
}

/** Reads the source and writes nothing. */
export const check = async (
  ports: Pick<RestorePorts, 'server' | 'clock' | 'log'>,
  options: Pick<RestoreOptions, 'settings'>,
  restore: Restore,
  project: RestoringProject,
  { backup, manifest }: StoredBackup,
  plan: RestorePlan,
  limits: { readonly seconds: number; readonly signal: AbortSignal },
): Promise<Checked> => {
  const preflight = await ports.server.preflight({
    manifest,
    project,
    places: plan.places,
    mode: plan.mode,
    ...(plan.chosen && { tables: plan.chosen.tables, chosen: plan.chosen }),
    owners: restore.owners,
    createExtensions: options.settings.createExtensions,
    acceptDependents: restore.acceptDependents,
    ...(restore.repointDependents && { repointDependents: true }),
    ...(plan.ownCode && { ownCode: plan.ownCode }),
    ...(restore.acceptOwnCode && { acceptOwnCode: true }),
    ...(restore.onConflict && { onConflict: restore.onConflict }),
    ...(restore.mode === 'swap' && { before: beforePlaces(restore, plan.places) }),
    signal: limits.signal,
  });
  const { server, live: _, notOwned, ...found } = preflight;
  logNotOwned(ports.log, restore.id, notOwned);
  const { naming } = plan;
  const databaseBytes = bytesOf(manifest, plan);
  const time = timeProblems(databaseBytes, limits.seconds);
  const report = {
    ...found,
    // The live objects may differ from the backup's.
    ...(naming && { functionsNamingLive: naming.functions, namingLive: naming.all }),
    at: iso(ports.clock()),
    serverVersion: server.version,
    schemas: plan.places,
    needs: { databaseBytes, seconds: time.seconds, secondsAllowed: limits.seconds },
    problems: [...found.problems, ...time.problems],
    warnings: [...validationWarnings(backup), ...found.warnings, ...time.warnings],
  };
  return { report, preflight };
};
