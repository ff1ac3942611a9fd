import { type Backup, millis } from '../../core/backup.ts';
import type { StoredManifest } from '../../core/vault-ports.ts';
import { backupOfManifest } from './row-of-manifest.ts';

/**
 * The members that row and manifest share and that only a person changes. Not included: the names of project and schema, which the
 * row has from the time of planning; `startedAt` and `attempt`, which differ if a later attempt adopted the backup.
 */
const SHARED = [
  'id',
  'projectId',
  'source',
  'name',
  'type',
  'content',
  'trigger',
  'format',
  'compression',
  'retentionClass',
  'createdAt',
  'expiresAt',
  'fileId',
  'size',
  'sourceBytes',
  'checksum',
  'tableCount',
  'rowCount',
] as const satisfies readonly (keyof Backup)[];

/** Under a policy they are decided after the manifest was written. */
const BY_POLICY: ReadonlySet<string> = new Set(['retentionClass', 'expiresAt']);

/** Those that a person may change; the manifest is never written again. */
const CHANGEABLE: readonly (keyof Backup)[] = ['name', 'expiresAt'];

/** Clocks of two workers may differ. */
const MINUTE = 60_000;

/** The members of a completed row that differ from its manifest, a line for each. */
export const disagreements = (row: Backup, stored: StoredManifest): string[] => {
  const expected = backupOfManifest(stored, 0);
  const lines = SHARED.flatMap((name) =>
    row[name] === expected[name] ||
    (BY_POLICY.has(name) && row.retentionPolicy) ||
    (CHANGEABLE.includes(name) && row.changedAt)
      ? []
      : [
          `${name} is ${JSON.stringify(row[name])} in the row, ${JSON.stringify(expected[name])} in the manifest`,
        ],
  );
  const completed = row.completedAt === undefined ? Number.NaN : millis(row.completedAt);
  // The row is written after the manifest; if a later attempt wrote it, it may be much later.
  if (!(completed >= millis(expected.completedAt ?? '') - MINUTE))
    lines.push(
      `completedAt is ${JSON.stringify(row.completedAt)} in the row, but the manifest was made at ${expected.completedAt}`,
    );
  if (row.manifestSha256 !== undefined && row.manifestSha256 !== stored.sha256)
    lines.push(
      `the manifest has the SHA-256 ${stored.sha256}, and had ${row.manifestSha256} when it was stored`,
    );
  return lines;
};
