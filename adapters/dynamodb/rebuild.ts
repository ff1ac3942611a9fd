import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { TABLE } from '../../core/contract.ts';
import { quoted } from '../../core/errors/base.ts';
import { InvalidInput } from '../../core/errors/request.ts';
import type { HistoryRows } from '../../core/rebuild-ports.ts';
import { projectKey, projectMembers } from './registry.ts';
import { backupKey, backupOf, partitionOf, rowOf } from './rows.ts';
import { allRows, getRow, type HistoryTable, putRow, type Row } from './table.ts';

/** Reads the whole table page by page. It requests partition keys only, but DynamoDB bills whole rows. */
async function* scannedProjects(access: HistoryTable): AsyncGenerator<string> {
  const seen = new Set<string>();
  let after: Row | undefined;
  do {
    const page = await access.client.send(
      new ScanCommand({
        TableName: access.table,
        FilterExpression: `begins_with(#${TABLE.sk}, :backups) AND begins_with(#${TABLE.pk}, :projects)`,
        ProjectionExpression: `#${TABLE.pk}`,
        ExpressionAttributeNames: { [`#${TABLE.pk}`]: TABLE.pk, [`#${TABLE.sk}`]: TABLE.sk },
        ExpressionAttributeValues: {
          ':backups': TABLE.backupPrefix,
          ':projects': TABLE.projectPrefix,
        },
        ...(after && { ExclusiveStartKey: after }),
      }),
    );
    for (const row of page.Items ?? []) {
      const projectId = String(row[TABLE.pk]).slice(TABLE.projectPrefix.length);
      if (seen.has(projectId)) continue;
      seen.add(projectId);
      yield projectId;
    }
    after = page.LastEvaluatedKey;
  } while (after);
}

/** DynamoDB's message for a row of over 400 KB. */
const isTooLarge = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ValidationException' && /size/i.test(error.message);

/** Rows of a history that is compared with the vault or rebuilt from it. No write changes an existing row. */
export const makeHistoryRows = (access: HistoryTable): HistoryRows => ({
  backupsOf: async (projectId) => {
    const rows = await allRows(access, {
      where: `#${TABLE.pk} = :pk AND begins_with(#${TABLE.sk}, :backups)`,
      values: { ':pk': partitionOf(projectId), ':backups': TABLE.backupPrefix },
    });
    return rows.map(backupOf);
  },

  get: async (projectId, backupId) => {
    const row = await getRow(access, backupKey(projectId, backupId));
    return row && backupOf(row);
  },

  projects: () => scannedProjects(access),

  writeCompleted: async (backup) => {
    try {
      // Without a state it is in no index of open work: no notification is sent for it, and no sweep picks it up.
      return (await putRow(access, rowOf(backup))) ? 'written' : 'exists';
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      throw new InvalidInput(
        `The row of backup ${quoted(backup.id)}`,
        ['DynamoDB accepts no row of its size'],
        { cause: error },
      );
    }
  },

  registerMissing: async (project) => {
    const written = await putRow(access, {
      ...projectKey(project.id),
      ...projectMembers(project, project.source, project.seenAt),
    });
    return written ? 'written' : 'exists';
  },
});
