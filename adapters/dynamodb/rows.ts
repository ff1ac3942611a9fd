import { type Backup, iso, millis } from '../../core/backup.ts';
import { TABLE } from '../../core/contract.ts';
import { shardOf } from '../../core/ids.ts';
import type { OpenState } from '../../core/leased-work/store.ts';
import type { Key, Row } from './table.ts';

/**
 * The layout of a backup as a row. Besides the backup's own members, a row has its keys, the keys of the indexes it
 * is in, and attributes that never leave this folder: `kind`; `expirySeconds`, which the write that makes a row
 * final copies to `ttl`; `claimedBy`, which identifies a claim whose answer was lost; and those of `FOUND`.
 */
export const { statusIndex, dayIndex } = TABLE;

export const partitionOf = (projectId: string): string => `${TABLE.projectPrefix}${projectId}`;

export const backupKey = (projectId: string, backupId: string): Key => ({
  pk: partitionOf(projectId),
  sk: `${TABLE.backupPrefix}${backupId}`,
});

/** Partitions of the index of open work. Restores and verifications have their own, so a query for backups does not return them. */
export type StatusPart =
  | OpenState
  | 'project'
  | 'erasure'
  | `restore-${OpenState}`
  | `verification-${OpenState}`;

/** Rows store `unnotified` under its earlier name, which stays. */
export const statusPrefixOf = (part: StatusPart): string =>
  `${part.replace('unnotified', 'untold')}#`;

export const statusKeyOf = (part: StatusPart, shard: number): string =>
  `${statusPrefixOf(part)}${shard}`;

const shard = (projectId: string): number => shardOf(projectId, TABLE.shards);

/** The attribute that holds a row's partition in the index of open work. */
export const inPart = (projectId: string, part: StatusPart): Row => ({
  [statusIndex.pk]: statusKeyOf(part, shard(projectId)),
});

/** The sort order within a partition of the index of open work. */
export const statusSortOf = ({ source, createdAt, id }: StatusSorted): Row => ({
  [statusIndex.sk]: `${source}#${createdAt}#${id}`,
});
type StatusSorted = Pick<Backup, 'source' | 'createdAt' | 'id'>;

export const dayKeyOf = (day: string, ofShard: number): string => `${day}#${ofShard}`;

/** Epoch seconds, rounded up: DynamoDB must not delete before the promised time. */
export const epochSeconds = (time: number): number => Math.ceil(time / 1000);

export const rowOf = (backup: Backup): Row & Key => {
  const { ttl: _, ...kept } = backup;
  return {
    ...kept,
    ...backupKey(backup.projectId, backup.id),
    kind: 'backup',
    expirySeconds: epochSeconds(millis(backup.expiresAt)),
    ...statusSortOf(backup),
    [dayIndex.pk]: dayKeyOf(backup.createdAt.slice(0, 10), shard(backup.projectId)),
    [dayIndex.sk]: backup.id,
  };
};

/**
 * The results of a backup's verifications. Later verifications without a result do not change them: `good` is the time when one passed
 * (ISO 8601), `bad` lists the differences, `badBy` is the comparison that found them.
 */
export const FOUND = { good: 'knownGood', bad: 'knownBad', badBy: 'knownBadBy' } as const;

const STORAGE_ONLY: ReadonlySet<string> = new Set([
  TABLE.pk,
  TABLE.sk,
  statusIndex.pk,
  statusIndex.sk,
  dayIndex.pk,
  dayIndex.sk,
  'kind',
  'expirySeconds',
  'claimedBy',
  ...Object.values(FOUND),
]);

/** The content of the row, without the attributes that only this folder uses. */
export const withoutStorage = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).filter(([attribute]) => !STORAGE_ONLY.has(attribute)));

/** The backup of a row that `rowOf` created. */
export const backupOf = (row: Row): Backup => withoutStorage(row) as Row & Backup;

/** A row that replaces a backup which retention removed: when, why and how many bytes; kept for a year. */
export const deletedRowOf = (
  backup: Backup,
  why: string,
  now: number,
  days: number,
): Row & Key => ({
  ...rowOf({ ...backup, status: 'deleted', deletedAt: iso(now), deletedWhy: why }),
  [TABLE.ttl]: epochSeconds(now + days * 86_400_000),
});
