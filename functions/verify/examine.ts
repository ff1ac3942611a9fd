import { type Backup, iso } from '../../core/backup.ts';
import { faultOf } from '../../core/backup-origin.ts';
import type { Digest } from '../../core/digest.ts';
import { describeError } from '../../core/errors/base.ts';
import { BackupNotReady } from '../../core/errors/request.ts';
import { BackupDamaged, BackupGone } from '../../core/errors/vault.ts';
import { BackupNotVerifiable } from '../../core/errors/verification.ts';
import type { Manifest } from '../../core/manifest.ts';
import { boundedUnfinished } from '../../core/outcome-bounds.ts';
import { findStored } from '../../core/stored-backup.ts';
import { leastSeconds, type MeteredReading, readMetered } from '../../core/stored-object.ts';
import type { Vouched } from '../../core/trusted-manifest.ts';
import type {
  Verification,
  VerificationProgress,
  VerificationResult,
} from '../../core/verification.ts';
import type { VerifyPorts } from './ports.ts';
import { resultOf, speaksAgainstBackup } from './verdict.ts';

/**
 * One examination of one backup: row, manifest and object must agree, the object's bytes must be the stored ones, and the
 * restored content must match the manifest. It rejects with a named error for a defect of the backup, and also if the
 * examination could not run; verdict.ts decides which is which.
 */
export interface Examination {
  readonly verification: Verification;
  readonly backup: Backup;
  readonly stop: AbortController;
  /** Seconds that the function has left. */
  readonly seconds: number;
  /** Called with a function that reads the progress, at the beginning of each step. */
  readonly onProgress: (read: () => VerificationProgress) => void;
}

/** @throws BackupNotVerifiable */
const refuseHopeless = (manifest: Manifest, seconds: number): void => {
  const { content } = manifest.options;
  if (content === 'data') {
    throw new BackupNotVerifiable(
      manifest.backup.id,
      'it holds rows only, without the tables to put them in',
      'Take backups with content "full" for a verification.',
    );
  }
  const bytes = manifest.tables.reduce((sum, table) => sum + table.bytes, 0);
  const least = leastSeconds(bytes);
  if (content === 'schema' || least <= seconds) return;
  throw new BackupNotVerifiable(
    manifest.backup.id,
    `it would take ${least} s at the very least, and the function has ${seconds} s`,
    'Restore it into a database of your own to check it: GET .../restore-guide has the commands.',
  );
};

/**
 * If a manifest is not signed, the parts that a verification compares may have been removed; it looks the same as a manifest written before
 * definitions were read. @throws BackupNotVerifiable
 */
const refuseUnknown = ({ backup, definitions }: Manifest, vouched: Vouched): void => {
  if (vouched !== 'row' || definitions) return;
  throw new BackupNotVerifiable(
    backup.id,
    'its manifest lists no definitions, and neither a digest in its row nor a signature proves that it never did',
    'Take a new backup, whose manifest is signed.',
  );
};

/** What an error means for the backup, after its bytes were checked. @throws the error itself if it means nothing for the backup */
const resultOfFailure = async (
  { vault }: Pick<VerifyPorts, 'vault'>,
  manifest: Manifest,
  error: unknown,
  arrived: Digest | undefined,
  signal: AbortSignal,
): Promise<VerificationResult> => {
  if (signal.aborted || error instanceof BackupGone) throw error;
  const { origin, error: fault } = await faultOf(vault, manifest, error, arrived, signal);
  if (origin === 'transit' || error instanceof BackupDamaged) throw fault;
  if (origin === 'vault') return resultOf(fault, [describeError(error).message]);
  if (!speaksAgainstBackup(error)) throw error;
  return resultOf(error, origin === 'source' ? [FROM_THE_BEGINNING] : []);
};

const FROM_THE_BEGINNING =
  'By its SHA-256, the stored object has not changed: the fault was there from the beginning, and backups taken in the same way may have it too.';

const verdictOn = (differenceCount: number): 'verified' | 'failed' =>
  differenceCount === 0 ? 'verified' : 'failed';

/** @throws defects of the backup, and errors that prevent the examination */
export const examine = async (
  ports: Pick<
    VerifyPorts,
    'history' | 'vault' | 'manifestKeys' | 'archives' | 'scratchRestores' | 'clock'
  >,
  { verification, backup, stop, seconds, onProgress }: Examination,
): Promise<VerificationResult> => {
  const { signal } = stop;
  if (backup.status !== 'completed') {
    throw new BackupNotReady(backup.id, backup.status, 'only a completed one can be verified');
  }
  if (backup.type !== 'database') {
    throw new BackupNotVerifiable(
      backup.id,
      `it is one of ${backup.type}`,
      'Only backups of databases can be verified.',
    );
  }
  const { manifest, vouched } = await findStored(ports, backup.projectId, backup.id);
  refuseUnknown(manifest, vouched);
  refuseHopeless(manifest, seconds);
  const { format, compression } = manifest.options;
  let reading: MeteredReading | undefined;
  const begin = (step: VerificationProgress['step']): void => {
    const since = iso(ports.clock());
    onProgress(() => ({
      step,
      bytesRead: reading?.input.bytes ?? 0,
      bytesTotal: manifest.object.bytes,
      since,
      at: iso(ports.clock()),
    }));
  };
  try {
    const restored = await ports.scratchRestores.restoreAndCompare({
      manifest,
      compare: verification.compare,
      openText: async (serverMajor) => {
        // Each try reads again: the reading that the database was made from counts.
        await reading?.end();
        reading = readMetered(ports.vault, manifest, signal);
        const { input } = reading;
        begin('loading');
        const sql = await ports.archives.open({ format, compression, input, serverMajor, signal });
        return sql.text;
      },
      confirm: async () => {
        await reading?.confirm();
        begin('comparing');
      },
      signal,
    });
    const { unfinished, ...found } = restored;
    return {
      verdict: verdictOn(restored.differenceCount),
      ...found,
      ...(unfinished && { unfinished: boundedUnfinished(unfinished) }),
    };
  } catch (error) {
    if (!reading) throw error;
    return await resultOfFailure(ports, manifest, error, reading.soFar(), signal);
  } finally {
    await reading?.end();
  }
};
