import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import * as z from 'zod';
import type { Backup } from '../../core/backup.ts';
import { STATUSES } from '../../core/backup.ts';
import { InvalidInput } from '../../core/errors/request.ts';
import { UUID } from '../../core/ids.ts';
import { parse } from '../../core/messages.ts';
import { backupOf } from './rows.ts';
import type { Row } from './table.ts';

/** The identity in the stream records of TTL removals. Source: DynamoDB developer guide, TTL and streams. */
const TTL_REMOVAL = z.object({
  eventName: z.literal('REMOVE'),
  userIdentity: z.object({
    type: z.literal('Service'),
    principalId: z.literal('dynamodb.amazonaws.com'),
  }),
});

const backupRow = z.looseObject({
  id: z.string().regex(UUID),
  projectId: z.string().min(1),
  status: z.enum(STATUSES),
  type: z.string(),
  content: z.string(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  fileId: z.string().optional(),
});

/** True for a row that TTL removed; a record of a removal by a person or a program has no such identity. */
export const isExpiry = (record: DynamoDBRecord): boolean => TTL_REMOVAL.safeParse(record).success;

const oldRow = (record: DynamoDBRecord): Row | undefined => {
  const image = record.dynamodb?.OldImage;
  try {
    return image && unmarshall(image as Parameters<typeof unmarshall>[0]);
  } catch (cause) {
    throw new InvalidInput('The old image of the stream record', ['it is no image'], { cause });
  }
};

/**
 * The backup whose row was removed, as the record says; undefined for rows of another kind.
 * @throws InvalidInput if the record has no old image, or if the image is not a backup's row
 */
export const removedBackup = (record: DynamoDBRecord): Backup | undefined => {
  const row = oldRow(record);
  if (row && row.kind !== 'backup') return undefined;
  parse('The old image of the stream record', backupRow, row);
  return row && backupOf(row);
};
