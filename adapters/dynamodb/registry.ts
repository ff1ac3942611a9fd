import { iso } from '../../core/backup.ts';
import { TABLE } from '../../core/contract.ts';
import { DuplicateProject } from '../../core/errors/planning.ts';
import { ProjectErased } from '../../core/errors/request.ts';
import { shardOf } from '../../core/ids.ts';
import { allEnded } from '../../core/parallel.ts';
import type { Page } from '../../core/ports.ts';
import { GONE, type Project, type RegisteredProject } from '../../core/project.ts';
import type { Registry } from '../../core/source-ports.ts';
import { cursorOf, positionOf } from './cursors.ts';
import { partitionOf, statusIndex, statusKeyOf } from './rows.ts';
import {
  allRows,
  changeRow,
  getRow,
  type HistoryTable,
  type Key,
  queryRows,
  type Row,
  SHARDS,
} from './table.ts';

/**
 * The registry: the projects as last seen in their sources. A project's row is in the project's own partition,
 * beside its backups. Its status is stored as `projectStatus`, because the indexes contain `status` for backups.
 */
export const projectKey = (projectId: string): Key => ({
  pk: partitionOf(projectId),
  sk: TABLE.projectRow,
});

const projectOf = (row: Row): RegisteredProject =>
  ({
    id: row.id,
    // An erased project has a status and nothing else.
    name: row.name ?? '',
    schemaName: row.schemaName ?? '',
    status: row.projectStatus,
    source: row.source ?? '',
    seenAt: row.seenAt ?? '',
    ...(row.retentionPolicy !== undefined && { retentionPolicy: row.retentionPolicy }),
    ...(row.lastSuccess !== undefined && { lastSuccess: row.lastSuccess }),
  }) as RegisteredProject;

const sortKeyOf = (source: string, projectId: string): string => `${source}#${projectId}`;

/** Attributes of a project's row besides its key and `lastSuccess`. */
export const projectMembers = (project: Project, source: string, seenAt: string): Row => ({
  kind: 'project',
  id: project.id,
  projectId: project.id,
  name: project.name,
  schemaName: project.schemaName,
  projectStatus: project.status,
  source,
  seenAt,
  [statusIndex.pk]: statusKeyOf('project', shardOf(project.id, TABLE.shards)),
  [statusIndex.sk]: sortKeyOf(source, project.id),
});

const register = async (access: HistoryTable, project: Project, source: string): Promise<void> => {
  const key = projectKey(project.id);
  const written = await changeRow(access, key, {
    set: projectMembers(project, source, iso(access.clock())),
    // A project that is missing in its source may appear in another source: it was moved.
    // An erased project has no source and another status, so it is never registered again.
    when: 'attribute_not_exists(#pk) OR #source = :source OR #projectStatus = :gone',
    values: { ':source': source, ':gone': GONE },
  });
  if (written) return;
  const there = await getRow(access, key);
  if (there?.erasure !== undefined) throw new ProjectErased(project.id);
  throw new DuplicateProject(project.id, String(there?.source ?? 'another'), source);
};

/** DynamoDB sorts strings by their UTF-8 bytes, JavaScript by UTF-16 units; the orders differ for emoji. */
const byBytes = (one: Row, other: Row): number =>
  Buffer.compare(
    Buffer.from(String(one[statusIndex.sk])),
    Buffer.from(String(other[statusIndex.sk])),
  );

const LIST = 'projects';

const firstOfShard = async (
  access: HistoryTable,
  shard: number,
  limit: number,
  behind: string | undefined,
): Promise<Row[]> => {
  const found: Row[] = [];
  const rows = queryRows(access, {
    index: statusIndex.name,
    where:
      `#${statusIndex.pk} = :shard` +
      (behind === undefined ? '' : ` AND #${statusIndex.sk} > :behind`),
    values: {
      ':shard': statusKeyOf('project', shard),
      ...(behind !== undefined && { ':behind': behind }),
    },
    firstPage: limit,
  });
  for await (const row of rows) {
    found.push(row);
    if (found.length === limit) break;
  }
  return found;
};

/** By source, then by id, over all shards. */
const list = async (
  access: HistoryTable,
  limit: number,
  cursor: string | undefined,
): Promise<Page<RegisteredProject>> => {
  const behind = cursor === undefined ? undefined : positionOf(LIST, cursor);
  const shards = await allEnded(
    SHARDS.map((shard) => firstOfShard(access, shard, limit + 1, behind)),
  );
  const found = shards.flat().sort(byBytes);
  const shown = found.slice(0, limit);
  const items = shown.map(projectOf);
  const last = shown.at(-1);
  return found.length > shown.length && last
    ? { items, cursor: cursorOf(LIST, String(last[statusIndex.sk])) }
    : { items };
};

const ofSource = async (
  access: HistoryTable,
  source: string,
): Promise<ReadonlyMap<string, RegisteredProject>> => {
  const shards = await allEnded(
    SHARDS.map((shard) =>
      allRows(access, {
        index: statusIndex.name,
        where: `#${statusIndex.pk} = :shard AND begins_with(#${statusIndex.sk}, :source)`,
        values: { ':shard': statusKeyOf('project', shard), ':source': sortKeyOf(source, '') },
      }),
    ),
  );
  return new Map(shards.flat().map((row) => [String(row.id), projectOf(row)]));
};

async function* all(access: HistoryTable): AsyncGenerator<RegisteredProject> {
  for (const shard of SHARDS) {
    const rows = queryRows(access, {
      index: statusIndex.name,
      where: `#${statusIndex.pk} = :shard`,
      values: { ':shard': statusKeyOf('project', shard) },
    });
    for await (const row of rows) yield projectOf(row);
  }
}

const lists = async (access: HistoryTable, source: string, projectId: string): Promise<boolean> => {
  const rows = await allRows(access, {
    index: statusIndex.name,
    where: `#${statusIndex.pk} = :shard AND #${statusIndex.sk} = :project`,
    values: {
      ':shard': statusKeyOf('project', shardOf(projectId, TABLE.shards)),
      ':project': sortKeyOf(source, projectId),
    },
  });
  return rows.some(({ projectStatus }) => projectStatus !== GONE);
};

export const makeRegistry = (access: HistoryTable): Registry => ({
  get: async (projectId) => {
    const row = await getRow(access, projectKey(projectId));
    return row && projectOf(row);
  },
  list: (limit, cursor) => list(access, limit, cursor),
  lists: (source, projectId) => lists(access, source, projectId),
  all: () => all(access),
  ofSource: (source) => ofSource(access, source),
  register: (project, source) => register(access, project, source),
  retire: async (projectId, source) => {
    await changeRow(access, projectKey(projectId), {
      set: { projectStatus: GONE, seenAt: iso(access.clock()) },
      // Refused if it belongs to another source by now or was never seen: nothing to retire then.
      when: '#source = :source',
      values: { ':source': source },
    });
  },
});
