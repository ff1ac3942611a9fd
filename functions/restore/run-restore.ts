import type { Backup } from '../../core/backup.ts';
import { faultOf } from '../../core/backup-origin.ts';
import type { Digest } from '../../core/digest.ts';
import { describeError, isRetryable } from '../../core/errors/base.ts';
import { DumpUnreadable, type Loosening, RestoreRefused } from '../../core/errors/restore.ts';
import { BackupDamaged } from '../../core/errors/vault.ts';
import type { WorkContext } from '../../core/leased-work/work-message.ts';
import type { Manifest } from '../../core/manifest.ts';
import { boundedOutcome, boundedReport } from '../../core/outcome-bounds.ts';
import type { RestoringProject } from '../../core/ownership.ts';
import type { Restore, RestoredForeignKey, RestoreOutcome } from '../../core/restore.ts';
import type { LiveSchema, Loaded, Preflight } from '../../core/restore-ports.ts';
import { findStored, type StoredBackup } from '../../core/stored-backup.ts';
import { NOT_AS_STORED } from '../../core/stored-object.ts';
import {
  addForeignKeys,
  exchange,
  leftForLater,
  refuseWithoutKeys,
  renamesOf,
} from './after-commit.ts';
import { loadBackup } from './load-backup.ts';
import { loosenNext, withAnotherWay } from './loosen-and-retry.ts';
import { markerSecretOf, type RestoreWithSecret } from './marker-secret.ts';
import { openReading } from './open-reading.ts';
import type { RestoreOptions, RestorePorts } from './ports.ts';
import { check } from './report.ts';
import { planRestore, type RestorePlan } from './restore-plan.ts';
import { restoringProject } from './restoring-project.ts';
import { takeSafetyBackup } from './safety-backup.ts';

/**
 * One attempt of one restore. Its transaction is all or nothing. The steps after it (foreign keys to tables outside, the
 * exchange of names) are short, and a later attempt continues at the step where this one died.
 */
type Context = WorkContext<Restore>;

/** A failure is more precise if it is known whether the stored object itself is the cause. */
const causeOf = async (
  { vault }: Pick<RestorePorts, 'vault'>,
  manifest: Manifest,
  error: unknown,
  { arrived, signal }: { readonly arrived?: Digest | undefined; readonly signal: AbortSignal },
): Promise<unknown> => {
  if (isRetryable(error)) return error;
  const { origin, error: fault } = await faultOf(vault, manifest, error, arrived, signal);
  if (origin !== 'vault' || fault === error) return fault;
  return new BackupDamaged(
    manifest.object.key,
    `${NOT_AS_STORED} (${describeError(error).message})`,
  );
};

/** An unreadable table of contents was damaged during the read, or in the object, or was written that way. */
const planFrom = async (
  ports: RestorePorts,
  restore: Restore,
  stored: StoredBackup,
  signal: AbortSignal,
): Promise<RestorePlan> => {
  const { manifest } = stored;
  const unreadable = async (error: unknown): Promise<never> => {
    throw error instanceof DumpUnreadable
      ? await causeOf(ports, manifest, error, { signal })
      : error;
  };
  const read = () => planRestore(ports, restore, stored);
  try {
    return await read();
  } catch (error) {
    return await (error instanceof DumpUnreadable ? read() : Promise.reject(error)).catch(
      unreadable,
    );
  }
};

const loadOnce = async (
  ports: RestorePorts,
  options: RestoreOptions,
  restore: RestoreWithSecret,
  project: RestoringProject,
  found: StoredBackup & { readonly plan: RestorePlan },
  context: Context,
  preflight: Parameters<typeof loadBackup>[2]['preflight'],
  loosen?: Loosening,
): Promise<Loaded & { readonly bytesRead: number }> => {
  const { backup, manifest, plan } = found;
  const reading = openReading(ports, found, context.stop.signal);
  try {
    return await loadBackup(ports, options, {
      restore,
      project,
      backup,
      manifest,
      plan,
      preflight,
      reading,
      loosen,
      stop: context.stop,
      onProgress: (progress) => context.note(() => ({ progress })),
    });
  } catch (error) {
    const { signal } = context.stop;
    const next = signal.aborted ? undefined : loosenNext(error, restore);
    if (next)
      return await loadOnce(ports, options, restore, project, found, context, preflight, next);
    const arrived = reading.soFar();
    throw withAnotherWay(await causeOf(ports, manifest, error, { arrived, signal }), restore);
  }
};

const outcomeOf = (
  loaded: Loaded & { readonly bytesRead: number },
  plan: RestorePlan,
  foreignKeys: readonly RestoredForeignKey[],
  namingLive = loaded.namingLive ?? plan.naming?.all,
): RestoreOutcome =>
  boundedOutcome({
    schemas: plan.places,
    tables: loaded.tables,
    rows: loaded.rows,
    bytesRead: loaded.bytesRead,
    foreignKeys,
    leftOut: [...(plan.chosen?.leftOut ?? []), ...loaded.leftOut],
    unfinished: loaded.unfinished,
    before: [],
    warnings: loaded.warnings,
    ...(namingLive?.length && { namingLive }),
  });

interface Beside {
  readonly outcome: RestoreOutcome;
  /** Those of the backup's schemas that were live. */
  readonly live: readonly string[];
  readonly safeguarded?: readonly LiveSchema[];
}

const isSame = (one: readonly LiveSchema[], other: readonly LiveSchema[]): boolean =>
  one.length === other.length &&
  one.every(({ schema, oid }) => other.some((now) => now.schema === schema && now.oid === oid));

/** The backup of the live schemas. The record of which schemas it holds is written before the request: an attempt may die at any moment. */
const safeguard = async (
  ports: RestorePorts,
  options: RestoreOptions,
  restore: Restore,
  taken: Backup,
  live: readonly LiveSchema[],
  context: Context,
): Promise<readonly LiveSchema[]> => {
  const { safeguarded } = restore;
  if (safeguarded && !isSame(safeguarded, live)) {
    throw new RestoreRefused([
      'Since the safety backup was requested, another schema has taken the live schema’s name. Request the swap again.',
    ]);
  }
  if (!safeguarded) await context.write({ safeguarded: live });
  const names = live.map(({ schema }) => schema);
  const limits = { seconds: context.seconds, signal: context.stop.signal };
  const safety = await takeSafetyBackup(ports, options, restore, taken, names, limits);
  await context.write({ safetyBackupId: safety.id });
  return live;
};

/** Keys are not added to tables of a schema that belongs to another project now. */
const keysFor = async (
  ports: RestorePorts,
  options: RestoreOptions,
  restore: Restore,
  {
    loaded,
    places,
    preflight,
  }: { loaded: Loaded; places: RestorePlan['places']; preflight: Preflight },
  context: Context,
): Promise<readonly RestoredForeignKey[]> =>
  restore.into === 'live' && preflight.notOwned.length
    ? leftForLater(loaded.foreignKeys, 'the schema no longer belongs to the project')
    : await addForeignKeys(ports, options, restore, loaded, places, context);

/** Everything up to the exchange of names; undefined for a dry run, which ends with its report. */
const bringBeside = async (
  ports: RestorePorts,
  options: RestoreOptions,
  restore: RestoreWithSecret,
  context: Context,
): Promise<Beside | undefined> => {
  const limits = { seconds: context.seconds, signal: context.stop.signal };
  const stored = await findStored(ports, restore.projectId, restore.backupId);
  const plan = await planFrom(ports, restore, stored, limits.signal);
  const earlier =
    restore.attempt > 1
      ? await ports.server.findLoaded(markerSecretOf(restore), plan.places)
      : undefined;
  const project = await restoringProject(ports, restore);
  const { report, preflight } = await check(ports, options, restore, project, stored, plan, limits);
  let { safeguarded } = restore;
  let loaded = earlier && { ...earlier, bytesRead: stored.manifest.object.bytes };
  if (!loaded) {
    await context.write({ report: boundedReport(report) });
    if (restore.dryRun) return undefined;
    if (report.problems.length) throw new RestoreRefused(report.problems);
    if (restore.mode === 'swap' && preflight.live.length) {
      const { backup } = stored;
      safeguarded = await safeguard(ports, options, restore, backup, preflight.live, context);
    }
    loaded = await loadOnce(
      ports,
      options,
      restore,
      project,
      { ...stored, plan },
      context,
      preflight,
    );
  }
  // From here on the schema exists, and the record must say so, however the restore ends.
  const notYet = leftForLater(loaded.foreignKeys, 'not added yet');
  await context.write({ outcome: outcomeOf(loaded, plan, notYet) });
  const { places } = plan;
  const keys = await keysFor(ports, options, restore, { loaded, places, preflight }, context);
  const live = preflight.live.map(({ schema }) => schema);
  return { outcome: outcomeOf(loaded, plan, keys), live, ...(safeguarded && { safeguarded }) };
};

/** @throws errors of its steps; a later attempt then continues where this one ended */
export const runRestore = async (
  ports: RestorePorts,
  options: RestoreOptions,
  restore: RestoreWithSecret,
  context: Context,
): Promise<Partial<Restore>> => {
  if (restore.attempt > 1) await ports.server.endLeftovers(restore.id, restore.attempt);
  // Written before the exchange, so that an attempt after a crash knows that only this step is left.
  if (restore.exchange && restore.outcome) {
    const { outcome, exchange: renames } = restore;
    return { outcome: await exchange(ports, options, restore, outcome, renames, context) };
  }
  const beside = await bringBeside(ports, options, restore, context);
  if (!beside) return {};
  const { outcome, safeguarded } = beside;
  if (restore.mode !== 'swap') return { outcome };
  refuseWithoutKeys(outcome);
  const renames = renamesOf(restore, outcome, beside.live);
  await context.write({ outcome, exchange: renames });
  const swap = { ...restore, ...(safeguarded && { safeguarded }) };
  return { outcome: await exchange(ports, options, swap, outcome, renames, context) };
};
