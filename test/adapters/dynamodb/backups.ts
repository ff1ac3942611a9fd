import type { Backup, Completion } from '../../../core/backup.ts';
import { iso } from '../../../core/backup.ts';
import { uuidv7 } from '../../../core/ids.ts';

/** 2026-11-21T02:00:00Z, when the nightly schedule of these tests fires. */
export const NIGHT = Date.UTC(2026, 10, 21, 2);
export const DAY = 86_400_000;

/** A backup as it is requested, with what a test does not care about filled in. */
export const pendingBackup = (changes: Partial<Backup> = {}): Backup => {
  const createdAt = changes.createdAt ?? iso(NIGHT);
  const at = Date.parse(createdAt);
  return {
    id: uuidv7(at),
    projectId: 'acme',
    projectName: 'Acme',
    schemaName: 'acme',
    source: 'main',
    environment: 'test',
    name: 'nightly',
    description: '',
    type: 'database',
    content: 'full',
    trigger: 'scheduled',
    format: 'custom',
    status: 'pending',
    validation: 'unverified',
    retentionClass: 'daily',
    createdAt,
    queuedAt: createdAt,
    expiresAt: iso(at + 30 * DAY),
    attempt: 0,
    ...changes,
  };
};

export const completionOf = (backup: Backup, changes: Partial<Completion> = {}): Completion => ({
  fileId: `backups/${backup.projectId}/${backup.id}-1.dump`,
  size: 1000,
  sourceBytes: 4000,
  checksum: 'a'.repeat(64),
  tableCount: 3,
  rowCount: 42,
  compression: 'zstd',
  completedAt: iso(Date.parse(backup.createdAt) + 60_000),
  durationMs: 60_000,
  warnings: [],
  ...changes,
});
