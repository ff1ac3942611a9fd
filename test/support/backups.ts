import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { makeHistory } from '../../adapters/dynamodb/history.ts';
import { makeRegistry } from '../../adapters/dynamodb/registry.ts';
import { backupKey, inPart, partitionOf, rowOf } from '../../adapters/dynamodb/rows.ts';
import { makeRuns } from '../../adapters/dynamodb/runs.ts';
import { changeRow, getRow, putRow } from '../../adapters/dynamodb/table.ts';
import type { Backup, Completion } from '../../core/backup.ts';
import { iso } from '../../core/backup.ts';
import { TABLE } from '../../core/contract.ts';
import { uuidv7 } from '../../core/ids.ts';
import type { Claim } from '../../core/leased-work/store.ts';
import type { Log } from '../../core/ports.ts';
import type { RetentionPolicy } from '../../core/retention/policy.ts';
import type { Tables } from './tables.ts';

/** 2026-11-21T02:00:00Z, when the nightly schedule of these tests fires. */
export const NIGHT = Date.UTC(2026, 10, 21, 2);
export const DAY = 86_400_000;

/** A backup as it is requested, with defaults for what a test does not set. */
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

/** One that a person requested just now, of a project whose name is its schema's. */
export const requestedBackup = (projectId: string, changes: Partial<Backup> = {}): Backup => {
  const now = iso(Date.now());
  return pendingBackup({
    id: uuidv7(Date.parse(now)),
    projectId,
    projectName: projectId,
    schemaName: projectId,
    name: 'test',
    trigger: 'manual',
    createdAt: now,
    queuedAt: now,
    expiresAt: iso(Date.parse(now) + 7 * DAY),
    ...changes,
  });
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

/** A log that writes nothing. */
export const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };

/** A history on its own table, with a clock that moves only when the test says so. */
export const newHistory = async (tables: Tables, begin = NIGHT) => {
  let now = begin;
  const access = { table: await tables.newTable(), client: tables.client, clock: () => now };
  const history = makeHistory(access);
  const claimed = async (backup: Backup): Promise<Claim> => {
    const outcome = await history.claim(backup.projectId, backup.id);
    if (outcome.kind !== 'claimed') throw new Error(`not claimed but ${outcome.kind}`);
    return outcome.claim;
  };
  return {
    access,
    history,
    runs: makeRuns(access),
    registry: makeRegistry(access),
    pass: (ms: number) => {
      now += ms;
    },
    claimed,
    /** Creates a pending row. */
    pending: async (changes: Partial<Backup> = {}): Promise<Backup> => {
      const backup = pendingBackup(changes);
      await history.create(backup);
      return backup;
    },
    /** Creates a row and completes it. */
    completed: async (changes: Partial<Backup> = {}): Promise<Backup> => {
      const backup = pendingBackup(changes);
      await history.create(backup);
      await history.complete(await claimed(backup), completionOf(backup));
      return backup;
    },
    row: async (backup: Pick<Backup, 'projectId' | 'id'>) =>
      getRow(access, backupKey(backup.projectId, backup.id)),
    /** Gives the project a retention policy of its own. */
    setPolicy: async (projectId: string, retentionPolicy: RetentionPolicy) => {
      const key = { pk: partitionOf(projectId), sk: TABLE.projectRow };
      await putRow(access, { ...key, retentionPolicy }, { condition: 'attribute_not_exists(#pk)' });
    },
    /** Removes a row, as DynamoDB does when its `ttl` has passed. */
    removeRow: async ({ projectId, id }: Pick<Backup, 'projectId' | 'id'>) => {
      await tables.client.send(
        new DeleteCommand({ TableName: access.table, Key: { ...backupKey(projectId, id) } }),
      );
    },
    /** Writes a row with the backup's own values. */
    restoreRow: async (backup: Backup) => {
      await putRow(access, rowOf(backup));
    },
    /** Completes a backup like a worker that is killed right after it has written the row. */
    completedOnly: async (backup: Backup) => {
      await changeRow(access, backupKey(backup.projectId, backup.id), {
        set: {
          ...completionOf(backup, { completedAt: iso(now) }),
          status: 'completed',
          ...inPart(backup.projectId, 'unnotified'),
        },
        when: 'attribute_exists(#pk)',
      });
    },
    openIds: async (state: 'pending' | 'in-progress' | 'unnotified'): Promise<string[]> => {
      const ids: string[] = [];
      for await (const { id } of history.open(state)) ids.push(id);
      return ids.sort();
    },
  };
};
export type TestHistory = Awaited<ReturnType<typeof newHistory>>;
