import path from 'node:path';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { HeadBucketCommand } from '@aws-sdk/client-s3';
import { openPlace } from '../history/place.ts';
import { type Finding, made, notLocally } from './check.ts';

/** Checks of the emulators of `npm start`: history, vault and the keys that signed manifests exist. */
export const localChecks = async (folder: string): Promise<readonly Finding[]> => {
  const place = await openPlace({ kind: 'local', folder: path.resolve(folder) });
  const { table, bucket, keys, dynamodb, s3 } = place;
  try {
    const findings = await Promise.all([
      made('history', async () => {
        const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: table }));
        const says = `the table is ${Table?.TableStatus}`;
        return [
          { check: 'history', result: Table?.TableStatus === 'ACTIVE' ? 'ok' : 'failed', says },
        ];
      }),
      made('vault', async () => {
        await s3.send(new HeadBucketCommand({ Bucket: bucket }));
        return [{ check: 'vault', result: 'ok', says: `${bucket} is there` }];
      }),
      made("the manifests' keys", async () => [
        keys.length
          ? { check: "the manifests' keys", result: 'ok', says: `${keys.length} on this machine` }
          : { check: "the manifests' keys", result: 'failed', says: 'there is none' },
      ]),
    ]);
    const unknown = ["the vault's key", 'mail', 'alarms', 'concurrency', 'sources'];
    return [...findings.flat(), ...unknown.flatMap(notLocally)];
  } finally {
    await place.close();
  }
};
