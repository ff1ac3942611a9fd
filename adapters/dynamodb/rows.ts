import { type Backup, iso, millis } from '../../core/backup.ts';
import { TABLE } from '../../core/contract.ts';
import { shardOf } from '../../core/ids.ts';
import type { OpenState } from '../../core/leased-work/store.ts';
import type { Key, Row } from './table.ts';

/**
 * How a backup is laid out as a row. Besides the backup's own members a row has its keys, those of the
 * indexes it is in, and attributes that never leave this folder: `kind`; `expirySeconds`, from which
 * `ttl` is copied in the very write that makes a row final; `claimedBy`, by which a claim whose answer got
 * lost on the way is known again; and those of `FOUND`.
 */
export const { statusIndex, dayIndex } = TABLE;

export const partitionOf = (projectId: string): string => `${TABLE.projectPrefix}${projectId}`;

export const backupKey = (projectId: string, backupId: string): Key => ({
  pk: partitionOf(projectId),
  sk: `${TABLE.backupPrefix}${backupId}`,
});

/** Parts of the index of open work. Restores and verifications have their own: who asks for backups sees none of them. */
export type StatusPart =
  | OpenState
  | 'project'
  | `restore-${OpenState}`
  | `verification-${OpenState}`;

export const statusKeyOf = (part: StatusPart, shard: number): string => `${part}#${shard}`;

const shard = (projectId: string): number => shardOf(projectId, TABLE.shards);

/** The attribute that says which part of the index of open work a row is in. */
export const inPart = (projectId: string, part: StatusPart): Row => ({
  [statusIndex.pk]: statusKeyOf(part, shard(projectId)),
});

/** How rows sort within a part of the index of open work. */
export const statusSortOf = ({ source, createdAt, id }: StatusSorted): Row => ({
  [statusIndex.sk]: `${source}#${createdAt}#${id}`,
});
type StatusSorted = Pick<Backup, 'source' | 'createdAt' | 'id'>;

export const dayKeyOf = (day: string, ofShard: number): string => `${day}#${ofShard}`;

/** Epoch seconds, rounded up: DynamoDB must not be earlier than the promise. */
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
 * What verifications have found of a backup, kept through later ones that found nothing: `good` when one passed (ISO 8601), `bad` what
 * differed, `badBy` the comparison that found it.
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

/** What the row is of, without what is this folder's own. */
export const withoutStorage = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).filter(([attribute]) => !STORAGE_ONLY.has(attribute)));

/** The backup of a row that `rowOf` made. */
export const backupOf = (row: Row): Backup => withoutStorage(row) as Row & Backup;

/** A row where retention took one: when, why and how many bytes, for a year. */
export const deletedRowOf = (
  backup: Backup,
  why: string,
  now: number,
  days: number,
): Row & Key => ({
  ...rowOf({ ...backup, status: 'deleted', deletedAt: iso(now), deletedWhy: why }),
  [TABLE.ttl]: epochSeconds(now + days * 86_400_000),
});
