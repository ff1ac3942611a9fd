import { pipeline } from 'node:stream/promises';
import type { Backup } from '../../core/backup.ts';
import { DigestMeter } from '../../core/digest.ts';
import {
  BackupDamaged,
  Cancelled,
  isRetryable,
  RestoreRefused,
  StepNotDone,
} from '../../core/errors.ts';
import type { JobContext } from '../../core/job-work.ts';
import type { Manifest } from '../../core/manifest.ts';
import {
  beforeName,
  type Restore,
  type RestoredForeignKey,
  type RestoreOutcome,
  type SchemaPlace,
} from '../../core/restore.ts';
import type { Loaded, OutsideForeignKey } from '../../core/restore-ports.ts';
import { boundedOutcome, boundedReport } from './bounds.ts';
import { load } from './load.ts';
import type { RestoreOptions, RestorePorts } from './ports.ts';
import { check } from './report.ts';
import { takeSafetyBackup } from './safety-backup.ts';
import { findStored } from './stored-backup.ts';
import { type Wish, wishOf } from './wish.ts';

/**
 * One attempt at one restore. Its transaction is all or nothing; what comes after it (foreign keys to tables outside, the
 * exchange of names) is done in short steps that a later attempt takes up where this one died.
 */
type Context = JobContext<Restore>;

/** A failure says more where it is known whether the object itself is to blame. */
const blame = async (
  { vault }: Pick<RestorePorts, 'vault'>,
  { object }: Manifest,
  error: unknown,
): Promise<unknown> => {
  if (isRetryable(error) || error instanceof BackupDamaged) return error;
  const meter = new DigestMeter().resume();
  try {
    await pipeline(vault.read(object.key), meter);
  } catch {
    return error;
  }
  return meter.sha256 === object.sha256
    ? error
    : new BackupDamaged(
        object.key,
        `its SHA-256 is not the one that it had when it was stored (${error instanceof Error ? error.message : error})`,
      );
};

const loadOnce = async (
  ports: RestorePorts,
  options: RestoreOptions,
  restore: Restore,
  found: { readonly backup: Backup; readonly manifest: Manifest; readonly wish: Wish },
  context: Context,
  survey: Parameters<typeof load>[2]['survey'],
): Promise<Loaded & { readonly bytesRead: number }> => {
  const { backup, manifest, wish } = found;
  try {
    return await load(ports, options, {
      restore,
      backup,
      manifest,
      wish,
      survey,
      stop: context.stop,
      onProgress: (progress) => context.note({ progress }),
    });
  } catch (error) {
    throw context.stop.signal.aborted ? error : await blame(ports, manifest, error);
  }
};

const leftForLater = (
  keys: readonly OutsideForeignKey[],
  why: string,
): readonly RestoredForeignKey[] =>
  keys.map(({ table, name, sql }) => ({ table, name, sql, state: 'left-out', why }));

/** The schema is there by now: who cancels from here on gets it without the foreign keys that are still missing. */
const addForeignKeys = async (
  { server }: RestorePorts,
  { settings }: RestoreOptions,
  { foreignKeys }: Loaded,
  { stop }: Context,
): Promise<readonly RestoredForeignKey[]> => {
  const { lockTimeoutMs } = settings;
  try {
    return await server.addForeignKeys(foreignKeys, { lockTimeoutMs, signal: stop.signal });
  } catch (error) {
    if (stop.signal.reason instanceof Cancelled) return leftForLater(foreignKeys, 'cancelled');
    throw error;
  }
};

const outcomeOf = (
  restore: Restore,
  loaded: Loaded & { readonly bytesRead: number },
  wish: Wish,
  foreignKeys: readonly RestoredForeignKey[],
  live: readonly string[],
): RestoreOutcome => ({
  schemas: wish.places,
  tables: loaded.tables,
  rows: loaded.rows,
  bytesRead: loaded.bytesRead,
  foreignKeys,
  leftOut: [...(wish.chosen?.leftOut ?? []), ...loaded.leftOut],
  before:
    restore.mode === 'swap'
      ? live.map((from) => ({ from, to: beforeName(from, restore.createdAt) }))
      : [],
  warnings: loaded.warnings,
});

/** Everything up to the exchange of names; undefined for a dry run, which ends with its report. */
const bringBeside = async (
  ports: RestorePorts,
  options: RestoreOptions,
  restore: Restore,
  context: Context,
): Promise<RestoreOutcome | undefined> => {
  const limits = { seconds: context.seconds, signal: context.stop.signal };
  const stored = await findStored(ports, restore.projectId, restore.backupId);
  const wish = await wishOf(ports, restore, stored.manifest);
  const earlier =
    restore.attempt > 1 ? await ports.server.findLoaded(restore.id, wish.places) : undefined;
  const { report, survey } = await check(ports, options, restore, stored.manifest, wish, limits);
  let loaded = earlier && { ...earlier, bytesRead: stored.manifest.object.bytes };
  if (!loaded) {
    await context.write({ report: boundedReport(report) });
    if (restore.dryRun) return undefined;
    if (report.problems.length) throw new RestoreRefused(report.problems);
    if (restore.mode === 'swap' && survey.live.length) {
      const safety = await takeSafetyBackup(ports, options, restore, stored.backup, limits);
      await context.write({ safetyBackupId: safety.id });
    }
    loaded = await loadOnce(ports, options, restore, { ...stored, wish }, context, survey);
  }
  const foreignKeys = await addForeignKeys(ports, options, loaded, context);
  return boundedOutcome(outcomeOf(restore, loaded, wish, foreignKeys, survey.live));
};

/** Puts the restored schemas in the live ones' places, which are kept under other names. Done once, however often it is asked. */
const exchange = async (
  { server }: RestorePorts,
  { settings }: RestoreOptions,
  { id }: Restore,
  outcome: RestoreOutcome,
  { stop }: Context,
): Promise<RestoreOutcome> => {
  const { lockTimeoutMs } = settings;
  const back: SchemaPlace[] = outcome.schemas.map(({ from, to }) => ({ from: to, to: from }));
  try {
    await server.rename(id, [...outcome.before, ...back], { lockTimeoutMs, signal: stop.signal });
  } catch (error) {
    if (isRetryable(error) && !stop.signal.aborted) throw error;
    const names = outcome.schemas.map(({ to }) => to);
    throw new StepNotDone('The names were not exchanged', names, error);
  }
  return { ...outcome, schemas: back };
};

/** @throws what its steps throw; a later attempt then goes on where this one ended */
export const bringBack = async (
  ports: RestorePorts,
  options: RestoreOptions,
  restore: Restore,
  context: Context,
): Promise<Partial<Restore>> => {
  if (restore.attempt > 1) await ports.server.endLeftovers(restore.id, restore.attempt);
  // Written before the exchange, so that whoever comes after a death knows that only this is left.
  const outcome = restore.outcome ?? (await bringBeside(ports, options, restore, context));
  if (!outcome) return {};
  if (restore.mode !== 'swap') return { outcome };
  await context.write({ outcome });
  return { outcome: await exchange(ports, options, restore, outcome, context) };
};
