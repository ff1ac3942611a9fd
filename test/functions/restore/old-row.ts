import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { backupKey } from '../../../adapters/dynamodb/rows.ts';
import type { Backup } from '../../../core/backup.ts';
import type { Services } from '../export/support.ts';
import type { Room } from './support.ts';

/** Changes a backup's row to the form from before it had its manifest's digest. */
export const forgetDigest = async (
  services: Services,
  room: Room,
  backup: Backup,
): Promise<void> => {
  await services.tables.client.send(
    new UpdateCommand({
      TableName: room.bench.table,
      Key: { ...backupKey(backup.projectId, backup.id) },
      UpdateExpression: 'REMOVE manifestSha256',
    }),
  );
};
