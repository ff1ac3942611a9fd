import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { DescribeKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import {
  GetBucketEncryptionCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { TABLE } from '../../core/contract.ts';
import type { Finding } from './check.ts';

const DEPLOY = 'it was changed by hand: deploy the stack again, or change it back';

export const checkTable = async (
  client: DynamoDBClient,
  table: string,
): Promise<readonly Finding[]> => {
  const named = { TableName: table };
  const check = 'history';
  const { Table } = await client.send(new DescribeTableCommand(named));
  if (Table?.TableStatus !== 'ACTIVE') {
    const says = `the table is ${Table?.TableStatus ?? 'in an unknown state'}`;
    return [{ check, result: 'failed', says, todo: 'wait until it is ACTIVE, and check again' }];
  }
  const ttl = (await client.send(new DescribeTimeToLiveCommand(named))).TimeToLiveDescription;
  const { ContinuousBackupsDescription: backups } = await client.send(
    new DescribeContinuousBackupsCommand(named),
  );
  const recovery = backups?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus;
  const wrong = [
    ...(ttl?.TimeToLiveStatus === 'ENABLED' && ttl.AttributeName === TABLE.ttl
      ? []
      : ['its TTL is off, so retention removes nothing']),
    ...(recovery === 'ENABLED' ? [] : ['it has no point-in-time recovery']),
    ...(Table.DeletionProtectionEnabled ? [] : ['it is not protected from deletion']),
  ];
  return wrong.length
    ? [{ check, result: 'failed', says: wrong.join('; '), todo: DEPLOY }]
    : [{ check, result: 'ok', says: 'TTL, recovery and protection from deletion are on' }];
};

/** The default retention of an object lock; undefined for a bucket without one. */
const lockOf = async (client: S3Client, bucket: string): Promise<string | undefined> => {
  try {
    const { ObjectLockConfiguration: lock } = await client.send(
      new GetObjectLockConfigurationCommand({ Bucket: bucket }),
    );
    return lock?.Rule?.DefaultRetention?.Mode;
  } catch (error) {
    if (error instanceof Error && error.name === 'ObjectLockConfigurationNotFoundError')
      return undefined;
    throw error;
  }
};

export const checkBucket = async (
  client: S3Client,
  bucket: string,
): Promise<readonly Finding[]> => {
  const check = 'vault';
  const { Status } = await client.send(new GetBucketVersioningCommand({ Bucket: bucket }));
  const { ServerSideEncryptionConfiguration: encryption } = await client.send(
    new GetBucketEncryptionCommand({ Bucket: bucket }),
  );
  const rule = encryption?.Rules?.[0]?.ApplyServerSideEncryptionByDefault;
  const wrong = [
    ...(Status === 'Enabled' ? [] : ['versioning is off, so an object deleted by hand is lost']),
    ...(rule?.SSEAlgorithm === 'aws:kms' ? [] : ['its objects are not encrypted with the KMS key']),
  ];
  if (wrong.length) return [{ check, result: 'failed', says: wrong.join('; '), todo: DEPLOY }];
  const mode = await lockOf(client, bucket);
  if (mode === undefined)
    return [{ check, result: 'ok', says: 'versioning and encryption are on; no object lock' }];
  const says = `an object lock (${mode}) holds new objects: retention can't remove them before it ends`;
  const todo = 'make sure that the lock is not longer than the retention of the configuration';
  return [{ check, result: 'warning', says, todo }];
};

/** The key of the vault, as its default encryption names it. */
export const vaultKeyOf = async (client: S3Client, bucket: string): Promise<string | undefined> => {
  const { ServerSideEncryptionConfiguration: encryption } = await client.send(
    new GetBucketEncryptionCommand({ Bucket: bucket }),
  );
  return encryption?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.KMSMasterKeyID;
};

export const checkKey = async (
  client: KMSClient,
  check: string,
  key: string,
  usage: 'ENCRYPT_DECRYPT' | 'GENERATE_VERIFY_MAC',
): Promise<readonly Finding[]> => {
  const { KeyMetadata: about } = await client.send(new DescribeKeyCommand({ KeyId: key }));
  if (about?.KeyState !== 'Enabled') {
    const says = `it is ${about?.KeyState ?? 'in an unknown state'}, and without it nothing can be read or written`;
    const todo = 'aws kms cancel-key-deletion or enable-key, at once';
    return [{ check, result: 'failed', says, todo }];
  }
  return about.KeyUsage === usage
    ? [{ check, result: 'ok', says: 'enabled' }]
    : [{ check, result: 'failed', says: `it is for ${about.KeyUsage}, not for ${usage}` }];
};
