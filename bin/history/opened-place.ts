import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KMSClient } from '@aws-sdk/client-kms';
import type { S3Client } from '@aws-sdk/client-s3';

/** History and vault, opened. */
export interface Place {
  readonly table: string;
  readonly bucket: string;
  readonly dynamodb: DynamoDBClient;
  readonly s3: S3Client;
  readonly kms: KMSClient;
  /** Ids or ARNs of the keys that sign manifests; empty if none is known. */
  readonly keys: readonly string[];
  close(): Promise<void>;
}

/** A new table needs time until it accepts many writes: wait instead of giving up. */
export const THROTTLED_TRIES = 10;
