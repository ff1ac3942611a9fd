import type pg from 'pg';
import { LarderError, PoolerInTransactionMode, SchemaNotFound } from '../../core/errors.ts';
import { tableKey } from '../../core/manifest.ts';
import type { ServerFacts, Snapshot, SnapshotRequest, SnapshotSource } from '../../core/ports.ts';
import { majorOfVersionNumber } from '../../core/programs.ts';
import type { Comparison } from '../../core/verification.ts';
import { startDump } from './dump.ts';
import { queryFailure } from './failures.ts';
import { dumpGlobals } from './globals.ts';
import { type InventoryReading, readInventory } from './inventory/inventory.ts';
import { endLeftovers } from './leftovers.ts';
import { beginLocked } from './lock.ts';
import { applicationNameOf } from './names.ts';
import { readNamesHeld, refuseMoved } from './names-held.ts';
import { sharesBackends } from './pooler.ts';
import { type CountedRows, countTable, fixText, readHashedColumns } from './row-hash.ts';
import { connect, disconnect, type SourceAccess } from './session.ts';
import { watch } from './watch.ts';

/**
 * Two sessions of ours stand behind an export: the holder keeps one repeatable-read transaction, with its locks and its
 * snapshot, from before pg_dump starts until after it has ended; the observer watches whether the export holds anybody
 * up. pg_dump is the third, on the holder's snapshot.
 */
export interface SnapshotOptions extends SourceAccess {
  /** Folders that hold `<major>/bin/pg_dump`. */
  readonly programRoots: readonly string[];
  /** Tells this stack's sessions from those of another on the same source; see applicationNameOf. */
  readonly stack?: string;
}

const SERVER = `
  SELECT pg_catalog.current_setting('server_version') AS version,
    pg_catalog.current_setting('server_version_num')::int AS number,
    d.datname AS database, pg_catalog.pg_encoding_to_char(d.encoding) AS encoding, d.datcollate AS collation
  FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()`;

export const serverFacts = async (client: pg.Client): Promise<ServerFacts> => {
  const found = await client.query<Omit<ServerFacts, 'major'> & { number: number }>(SERVER);
  const row = found.rows[0];
  if (!row) throw new Error('the server does not list its own database');
  const { number, ...facts } = row;
  return { ...facts, major: majorOfVersionNumber(number) };
};

const OIDS =
  'SELECT nspname AS name, oid::text AS oid FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1)';

const schemaOidsOf = async (
  client: pg.Client,
  schemas: readonly string[],
  database: string,
): Promise<string[]> => {
  // PostgreSQL's text can't hold a NUL, so no schema has such a name.
  const possible = schemas.filter((schema) => !schema.includes('\0'));
  const { rows } = await client.query<{ name: string; oid: string }>(OIDS, [possible]);
  return schemas.map((schema) => {
    const found = rows.find(({ name }) => name === schema);
    if (!found) throw new SchemaNotFound(schema, database);
    return found.oid;
  });
};

const takeSnapshot = async (holder: pg.Client): Promise<{ id: string; takenAt: string }> => {
  const found = await holder.query<{ id: string; at: Date }>(
    'SELECT pg_catalog.pg_export_snapshot() AS id, pg_catalog.clock_timestamp() AS at',
  );
  const row = found.rows[0];
  if (!row) throw new Error('the server exported no snapshot');
  return { id: row.id, takenAt: row.at.toISOString() };
};

/** Counts one table after the other, in the holder's snapshot. */
const countRows = async (
  holder: pg.Client,
  { countable, schemas, compare }: Counting,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, CountedRows>> => {
  const rows = new Map<string, CountedRows>();
  const columns = compare === 'rows' ? await hashedColumns(holder, schemas) : undefined;
  for (const { schema, name } of countable) {
    signal.throwIfAborted();
    const key = tableKey(schema, name);
    const counted = await countTable(holder, { schema, name }, columns?.get(key)).catch(
      (error: unknown) => {
        throw queryFailure(error, `counting the rows of ${JSON.stringify(name)}`);
      },
    );
    rows.set(key, counted);
  }
  return rows;
};

const hashedColumns = async (holder: pg.Client, schemas: readonly string[]) => {
  await fixText(holder);
  return await readHashedColumns(holder, schemas);
};

interface Counting {
  readonly countable: InventoryReading['countable'];
  readonly schemas: readonly string[];
  readonly compare: Comparison;
}

/** Two sessions that are opened at once; where one fails, neither stays open. */
const bothOf = async (
  one: Promise<pg.Client>,
  other: Promise<pg.Client>,
): Promise<readonly [pg.Client, pg.Client]> => {
  try {
    return await Promise.all([one, other]);
  } catch (error) {
    for (const opened of await Promise.allSettled([one, other])) {
      if (opened.status === 'fulfilled') await disconnect(opened.value);
    }
    throw error;
  }
};

const openSnapshot = async (
  options: SnapshotOptions,
  request: SnapshotRequest,
): Promise<Snapshot> => {
  const { signal } = request;
  const applicationName = applicationNameOf(request.backupId, request.attempt, options.stack);
  const [holder, observer] = await bothOf(
    connect(options, { applicationName, lockTimeoutMs: request.lockTimeoutMs, signal }),
    connect(options, { applicationName, statementTimeoutMs: 10_000, signal }),
  );
  const close = async (): Promise<void> => {
    await Promise.all([holder, observer].map(disconnect));
  };
  try {
    if (await sharesBackends(holder, observer)) {
      throw new PoolerInTransactionMode(options.settings.name);
    }
    const server = await serverFacts(observer);
    await schemaOidsOf(observer, request.schemas, server.database);
    const watching = watch(observer, holder, applicationName, request.giveWayAfterSeconds);
    try {
      const read = async () => {
        await beginLocked(holder, observer, request.schemas, request.lockTimeoutMs);
        const taken = await takeSnapshot(holder);
        const schemaOids = await schemaOidsOf(holder, request.schemas, server.database);
        const reading = await readInventory(holder, {
          schemaOids,
          schemas: request.schemas,
          partitionsElsewhere: request.partitionsElsewhere,
        });
        return { ...taken, ...reading, schemaOids, held: await readNamesHeld(holder, schemaOids) };
      };
      // Way is given, and a lost session noticed, from the first lock on.
      const { id, takenAt, inventory, countable, sourceBytes, schemaOids, held } =
        await Promise.race([read(), watching.disturbed]);
      return {
        server,
        takenAt,
        inventory,
        sourceBytes,
        disturbed: watching.disturbed,
        countRows: (signal) => {
          const { schemas, compare = 'counts' } = request;
          return countRows(holder, { countable, schemas, compare }, signal);
        },
        confirmNames: async () => {
          // The observer's transactions see what holds now, the holder's what held at the snapshot.
          const now = await readNamesHeld(observer, schemaOids).catch((error: unknown) => {
            throw queryFailure(error, 'looking whether the schema was renamed');
          });
          refuseMoved(held, now, request.schemas);
        },
        dump: (dumpRequest) =>
          startDump(options, {
            ...dumpRequest,
            schemas: request.schemas,
            extensions: inventory.extensions
              .filter(({ schema }) => request.schemas.includes(schema))
              .map(({ name }) => name),
            snapshotId: id,
            server,
            applicationName,
          }),
        dumpGlobals: (signal) => dumpGlobals(options, server, applicationName, signal),
        close: async () => {
          watching.stop();
          await close();
        },
      };
    } catch (error) {
      watching.stop();
      throw error;
    }
  } catch (error) {
    await close();
    throw error instanceof LarderError ? error : queryFailure(error, 'reading the schema');
  }
};

/** Snapshots of one source. `open` throws the named errors of connecting, locking and reading. */
export const makeSnapshotSource = (options: SnapshotOptions): SnapshotSource => ({
  open: (request) => openSnapshot(options, request),
  endLeftovers: (backupId, belowAttempt) => endLeftovers(options, backupId, belowAttempt),
});
