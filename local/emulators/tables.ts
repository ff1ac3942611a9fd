import dynalite from 'dynalite';
import { type Listening, listenOnLoopback } from './loopback.ts';

/**
 * DynamoDB: dynalite, with its tables in a folder, so that the history outlives a start. It has no TTL and no
 * streams; local/triggers/expiry.ts does what AWS would do there.
 */
export const startTables = (folder: string): Promise<Listening> =>
  listenOnLoopback(
    dynalite({ path: folder, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 }),
  );
