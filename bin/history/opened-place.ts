import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KMSClient } from '@aws-sdk/client-kms';
import type { S3Client } from '@aws-sdk/client-s3';

/** History and vault, reached. */
export interface Place {
  readonly table: string;
  readonly bucket: string;
  readonly dynamodb: DynamoDBClient;
  readonly s3: S3Client;
  readonly kms: KMSClient;
  /** Ids or ARNs of the keys that manifests are signed with; empty where none is known. */
  readonly keys: readonly string[];
  close(): Promise<void>;
}

/** A table that was just made takes a while to grow with what is written to it: wait instead of giving up. */
export const THROTTLED_TRIES = 10;
