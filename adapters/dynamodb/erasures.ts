import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { iso } from '../../core/backup.ts';
import { TABLE } from '../../core/contract.ts';
import { ERASED, type Erasure } from '../../core/erasure.ts';
import type { ErasedRow, Erasures, ProjectRows } from '../../core/erasure-ports.ts';
import { shardOf } from '../../core/ids.ts';
import { projectKey } from './registry.ts';
import { partitionOf, statusIndex, statusKeyOf } from './rows.ts';
import { changeRow, getRow, type HistoryTable, queryRows, type Row, SHARDS } from './table.ts';

/**
 * What remains of an erased project: its row of the registry, with the attribute `erasure` and without everything else. Code that
 * registers projects finds it there, so an erased project never comes back.
 */
const erasureIn = (row: Row | undefined): Erasure | undefined =>
  row?.erasure === undefined ? undefined : (row.erasure as Erasure);

/** Attributes of a registry row that an erasure removes. */
const OF_PROJECT = ['name', 'schemaName', 'source', 'seenAt', 'lastSuccess'] as const;

const begin = async (access: HistoryTable, erasure: Erasure): ReturnType<Erasures['begin']> => {
  const { projectId } = erasure;
  const key = projectKey(projectId);
  const row = await changeRow(access, key, {
    set: {
      kind: 'erasure',
      id: projectId,
      projectId,
      projectStatus: ERASED,
      erasure,
      [statusIndex.pk]: statusKeyOf('erasure', shardOf(projectId, TABLE.shards)),
      [statusIndex.sk]: `${erasure.requestedAt}#${projectId}`,
    },
    remove: OF_PROJECT,
    when: 'attribute_not_exists(#erasure)',
  });
  if (row) return { erasure, created: true };
  return { erasure: erasureIn(await getRow(access, key)) ?? erasure, created: false };
};

async function* open(access: HistoryTable): AsyncGenerator<string> {
  for (const shard of SHARDS) {
    const rows = queryRows(access, {
      index: statusIndex.name,
      where: `#${statusIndex.pk} = :shard`,
      values: { ':shard': statusKeyOf('erasure', shard) },
    });
    for await (const row of rows) yield String(row.projectId);
  }
}

export const makeErasures = (access: HistoryTable): Erasures => ({
  get: async (projectId) => erasureIn(await getRow(access, projectKey(projectId))),
  begin: (erasure) => begin(access, erasure),
  claim: async (projectId, seconds) => {
    const now = access.clock();
    const row = await changeRow(access, projectKey(projectId), {
      set: { erasureLeaseUntil: iso(now + seconds * 1000) },
      when:
        'attribute_exists(#erasure) AND ' +
        '(attribute_not_exists(#erasureLeaseUntil) OR #erasureLeaseUntil <= :now)',
      values: { ':now': iso(now) },
    });
    return erasureIn(row);
  },
  keep: async (erasure) => {
    await changeRow(access, projectKey(erasure.projectId), {
      set: { erasure },
      when: 'attribute_exists(#erasure)',
    });
  },
  release: async (projectId, seconds) => {
    await changeRow(access, projectKey(projectId), {
      set: { erasureLeaseUntil: iso(access.clock() + seconds * 1000) },
      when: 'attribute_exists(#erasure)',
    });
  },
  close: async (projectId) => {
    await changeRow(access, projectKey(projectId), {
      remove: [statusIndex.pk, statusIndex.sk, 'erasureLeaseUntil'],
      when: 'attribute_exists(#erasure)',
    });
  },
  open: () => open(access),
});

const KINDS = ['backup', 'restore', 'verification'] as const;

const readRow = (row: Row): ErasedRow => {
  const kind = KINDS.find((one) => String(row.sk).startsWith(`${one.toUpperCase()}#`));
  if (kind === undefined) return { kind: 'other' };
  return {
    kind,
    id: String(row.id),
    isOpen: row.status === 'pending' || row.status === 'in-progress',
    ...(typeof row.fileId === 'string' && { fileId: row.fileId }),
  };
};

export const makeProjectRows = (access: HistoryTable): ProjectRows => ({
  async *all(projectId) {
    const rows = queryRows(access, {
      where: `#${TABLE.pk} = :pk`,
      values: { ':pk': partitionOf(projectId) },
      only: [TABLE.sk, 'id', 'status', 'fileId'],
    });
    for await (const row of rows) {
      if (row.sk !== TABLE.projectRow) yield { sk: String(row.sk), row: readRow(row) };
    }
  },
  remove: async (projectId, sk) => {
    await access.client.send(
      new DeleteCommand({ TableName: access.table, Key: { pk: partitionOf(projectId), sk } }),
    );
  },
});
