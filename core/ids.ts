import { createHash, randomBytes } from 'node:crypto';

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** SHA-256 of a UTF-8 text, lower-case hex. */
export const sha256Hex = (text: string): string => sha256(text).toString('hex');

/**
 * A UUID version 7 (RFC 9562): 48 bits of Unix milliseconds, then 74 bits that are random, or taken from
 * `seed` so that the same inputs give the same id.
 */
export const uuidv7 = (timeMs: number, seed?: string): string => {
  const bytes = seed === undefined ? randomBytes(16) : sha256(seed).subarray(0, 16);
  bytes.writeUIntBE(timeMs, 0, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = bytes.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
};

/** Lower-case form only: ids are compared as text and are part of keys. */
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The same firing of a schedule gives the same run id, however often it is delivered. */
export const runIdOf = (schedule: string, scheduledAt: string): string =>
  uuidv7(Date.parse(scheduledAt), `run\0${schedule}\0${new Date(scheduledAt).toISOString()}`);

/** Planning a run again finds the backups that it planned before. */
export const backupIdOf = (runId: string, scheduledAt: string, projectId: string): string =>
  uuidv7(Date.parse(scheduledAt), `backup\0${runId}\0${projectId}`);

/** SQS message group: one project is never exported twice at the same time. 64 hex characters for any id. */
export const messageGroupOf = (projectId: string): string => sha256Hex(projectId);

/** The partition of a sharded index, 0 to shards - 1. */
export const shardOf = (projectId: string, shards: number): number =>
  sha256(projectId).readUInt32BE(0) % shards;

/** Milliseconds since the epoch that a UUID version 7 was made from. */
export const timeOf = (uuid: string): number =>
  Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);
