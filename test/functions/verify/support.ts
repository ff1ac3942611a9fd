import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Backup } from '../../../core/backup.ts';
import { countsOf } from '../../../core/completion.ts';
import { BackupGone } from '../../../core/errors/vault.ts';
import type { Manifest } from '../../../core/manifest.ts';
import type { OutcomeMessage } from '../../../core/messages.ts';
import type { Verification } from '../../../core/verification.ts';
import type { ScratchRestoreResult } from '../../../core/verification-ports.ts';
import type { VerifyPorts } from '../../../functions/verify/ports.ts';
import { verifyBackup } from '../../../functions/verify/verify-backup.ts';
import { newHistory, silent } from '../../support/backups.ts';
import { jobRows, verificationRow } from '../../support/jobs.ts';
import { TEST_KEY } from '../../support/manifest-keys.ts';
import { manifestOf, storedManifest } from '../../support/manifests.ts';
import type { Tables } from '../../support/tables.ts';

/** A verification as its worker sees it, with real rows, a vault in memory, and a scratch restore with given findings. */
export const BYTES = Buffer.from('what pg_dump wrote');
const SHA256 = createHash('sha256').update(BYTES).digest('hex');

export const EQUAL: ScratchRestoreResult = {
  differences: [],
  differenceCount: 0,
  checked: {
    tables: 2,
    rows: 10,
    objects: 5,
    sequences: 1,
    foreignKeys: 1,
    materializedViews: 0,
    hashedTables: 0,
  },
  notChecked: [],
  serverVersion: '18.1',
  diskBytes: 1000,
};

export interface Situation {
  readonly backup?: Partial<Backup>;
  readonly manifest?: Partial<Manifest>;
  /** Its manifest lists no definitions, like manifests from before they were read. */
  readonly undefinedObjects?: boolean;
  readonly asked?: boolean;
  readonly bytes?: Buffer;
  readonly restored?: ScratchRestoreResult;
}

export const openSituation = async (tables: Tables, given: Situation = {}) => {
  const { access, history, completed, pass, removeRow, restoreRow } = await newHistory(tables);
  const made = await completed();
  const backup: Backup = {
    ...made,
    ...(await history.get(made.projectId, made.id)),
    size: BYTES.length,
    checksum: SHA256,
    format: 'plain',
    compression: 'none',
    ...countsOf(given.manifest?.tables ?? []),
    ...given.backup,
  };
  await removeRow(backup);
  await restoreRow(backup);
  const { verifications, validations } = jobRows(access);
  const verification = verificationRow(access.clock(), {
    backupId: backup.id,
    asked: given.asked ?? false,
  });
  await verifications.create(verification);
  const outcomes: OutcomeMessage[] = [];
  const manifest = manifestOf(backup, {
    object: { key: backup.fileId ?? '', bytes: BYTES.length, sha256: SHA256 },
    ...(given.undefinedObjects ? {} : { definitions: [] }),
    ...given.manifest,
  });
  const ports: VerifyPorts = {
    verifications,
    validations,
    history,
    vault: {
      read: (key) => {
        if (key !== backup.fileId) throw new BackupGone(key);
        return Readable.from([given.bytes ?? BYTES], { objectMode: false });
      },
      head: async (key) => ({ key, bytes: (given.bytes ?? BYTES).length }),
      readManifest: async () => storedManifest(manifest),
    },
    manifestKeys: TEST_KEY,
    archives: { open: async ({ input }) => ({ text: input }) },
    scratchRestores: {
      restoreAndCompare: async ({ openText, confirm, signal }) => {
        for await (const _ of await openText(18)) signal.throwIfAborted();
        await confirm();
        return given.restored ?? EQUAL;
      },
    },
    queue: { hide: async () => undefined },
    outcomes: { send: async (message) => void outcomes.push(message) },
    clock: access.clock,
    log: silent,
  };
  const row = async (): Promise<Verification> => {
    const found = await verifications.get(backup.projectId, verification.id);
    if (!found) throw new Error('the row is gone');
    return found;
  };
  return {
    ports,
    backup,
    verification,
    outcomes,
    pass,
    row,
    backupRow: async (): Promise<Backup> => {
      const found = await history.get(backup.projectId, backup.id);
      if (!found) throw new Error('the backup is gone');
      return found;
    },
    deliver: (instead: Partial<VerifyPorts> = {}, remainingMs = 900_000) =>
      verifyBackup(
        { ...ports, ...instead },
        {
          projectId: backup.projectId,
          id: verification.id,
          receiptHandle: 'none',
          remainingMs,
        },
      ),
  };
};
export type OpenSituation = Awaited<ReturnType<typeof openSituation>>;
