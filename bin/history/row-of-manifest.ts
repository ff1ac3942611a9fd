import { type Backup, iso, millis } from '../../core/backup.ts';
import { completionOf } from '../../core/completion.ts';
import { ACTIVE, type RegisteredProject } from '../../core/project.ts';
import type { StoredManifest } from '../../core/vault-ports.ts';

/**
 * The row of a backup, as far as its manifest holds it: docs/history.md lists the missing parts. The completion
 * time is the time of the manifest, which was written right before the row.
 *
 * @param now becomes `toldAt`, so that an old result is not reported again
 */
export const backupOfManifest = (
  { manifest, sha256 }: Pick<StoredManifest, 'manifest' | 'sha256'>,
  now: number,
): Backup => {
  const { backup, project, source, options, timings } = manifest;
  return {
    id: backup.id,
    projectId: project.id,
    projectName: project.name,
    schemaName: project.schemaName,
    source: source.name,
    environment: manifest.environment,
    name: backup.name,
    description: backup.description,
    type: backup.type,
    content: options.content,
    trigger: backup.trigger,
    format: options.format,
    status: 'completed',
    validation: 'unverified',
    retentionClass: backup.retentionClass,
    createdAt: backup.createdAt,
    startedAt: backup.startedAt,
    expiresAt: backup.expiresAt,
    ...(backup.retentionPolicy && { retentionPolicy: backup.retentionPolicy }),
    ...(backup.fixedRetention && { fixedRetention: backup.fixedRetention }),
    attempt: backup.attempt,
    ...(backup.runId === undefined ? {} : { runId: backup.runId }),
    queuedAt: backup.createdAt,
    toldAt: iso(now),
    ...completionOf(manifest, sha256, millis(backup.startedAt) + Math.round(timings.totalMs)),
  };
};

/**
 * The project of a backup, as it was then: only active projects are exported. The next run's listing corrects later
 * changes.
 */
export const projectOfBackup = (backup: Backup): RegisteredProject => ({
  id: backup.projectId,
  name: backup.projectName,
  schemaName: backup.schemaName,
  status: ACTIVE,
  source: backup.source,
  seenAt: backup.startedAt ?? backup.createdAt,
});

/** The members that retention keeps for the project, see adapters/dynamodb/retention.ts. */
export const isFull = ({ type, content }: Pick<Backup, 'type' | 'content'>): boolean =>
  type === 'database' && content === 'full';

/** Newest by id, as retention orders them. */
export const newestOf = <T extends Pick<Backup, 'id'>>(backups: readonly T[]): T | undefined =>
  backups.reduce<T | undefined>((last, one) => (last && last.id > one.id ? last : one), undefined);
