import type pg from 'pg';
import { type LockNeed, SchemaNotFound } from '../../../core/errors/schema.ts';
import { PoolerInTransactionMode } from '../../../core/errors/source.ts';
import type { Inventory } from '../../../core/manifest.ts';
import { allEnded } from '../../../core/parallel.ts';
import { majorOfVersionNumber } from '../../../core/programs.ts';
import type {
  ServerFacts,
  Snapshot,
  SnapshotRequest,
  SnapshotSource,
} from '../../../core/snapshot-ports.ts';
import {
  type Beginning,
  type InventoryOptions,
  manifestTables,
  readBeginning,
  readInventory,
} from '../catalog/inventory.ts';
import { makeFreshTemplate } from '../engine/fresh-template.ts';
import type { TemplateOf } from '../engine/template.ts';
import { dumpGlobals } from '../programs/pg-dumpall.ts';
import { backendOf, holdName } from '../session/backend.ts';
import { endLeftovers } from '../session/leftover-backends.ts';
import { readLockNeed, refuseTooMany, withLockNeed } from '../session/lock-slots.ts';
import { beginLocked } from '../session/lock-tables.ts';
import { withMemberships } from '../session/memberships.ts';
import { atOnce } from '../session/pipelined-reads.ts';
import { sharesBackends } from '../session/pooler.ts';
import { queryFailure } from '../session/server-errors.ts';
import { connectBoth, disconnect, type SourceAccess } from '../session/session.ts';
import { watch } from '../session/watch.ts';
import { applicationNameOf } from '../sql/identifiers.ts';
import { type KeepOptions, keepTemplates } from '../templates/keep-templates.ts';
import { makeDumping } from './dump-and-count.ts';
import { type NamesHeld, readNamesHeld, refuseMoved } from './held-names.ts';

/**
 * An export has two sessions of ours. The holder keeps one repeatable-read transaction, with its locks and its snapshot, from before
 * the dump starts until after it has ended. The observer watches whether the export blocks another session. pg_dump is the third session, on
 * the holder's snapshot; the engine's dump runs in the holder itself.
 */
export interface SnapshotOptions extends SourceAccess {
  /** Folders that hold `<major>/bin/pg_dump`. */
  readonly programRoots: readonly string[];
  /** Distinguishes this stack's sessions from those of another on the same source; see applicationNameOf. */
  readonly stack?: string;
  /** Where the engine's templates come from; absent: a fresh one for each dump. */
  readonly templateOf?: TemplateOf;
  /** Keeps them for later dumps; absent: none is kept. */
  readonly keeping?: KeepOptions;
}

const SERVER = `
  SELECT pg_catalog.current_setting('server_version') AS version,
    pg_catalog.current_setting('server_version_num')::int AS number,
    d.datname AS database, pg_catalog.pg_encoding_to_char(d.encoding) AS encoding, d.datcollate AS collation, d.datctype AS characters,
    -- The columns that say it have come and been renamed since PostgreSQL 15.
    COALESCE(j.d ->> 'datlocprovider', 'c') AS "localeProvider", COALESCE(j.d ->> 'datlocale', j.d ->> 'daticulocale') AS locale,
    j.d ->> 'daticurules' AS "icuRules", j.d ->> 'datcollversion' AS "collationVersion"
  FROM pg_catalog.pg_database d, LATERAL (SELECT pg_catalog.to_jsonb(d)) AS j (d) WHERE d.datname = pg_catalog.current_database()`;

export const serverFacts = async (client: pg.Client): Promise<ServerFacts> => {
  const found = await client.query<Omit<ServerFacts, 'major'> & { number: number }>(SERVER);
  const row = found.rows[0];
  if (!row) throw new Error('the server does not list its own database');
  const { number, ...facts } = row;
  return { ...facts, major: majorOfVersionNumber(number) };
};

const OIDS =
  'SELECT nspname AS name, oid::text AS oid FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1)';

/** @throws SchemaNotFound */
const schemaOidsOf = async (client: pg.Client, schemas: readonly string[]): Promise<string[]> => {
  // PostgreSQL's text cannot hold a NUL, so no schema has such a name.
  const possible = schemas.filter((schema) => !schema.includes('\0'));
  const { rows } = await client.query<{ name: string; oid: string }>(OIDS, [possible]);
  return schemas.map((schema) => {
    const found = rows.find(({ name }) => name === schema);
    if (!found) throw new SchemaNotFound(schema, client.database ?? '');
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

/** Two sessions, opened during the lookup of the project; if one of the three fails, none stays open. */
const openSessions = async (
  options: SnapshotOptions,
  { lockTimeoutMs, signal, schemas }: SnapshotRequest,
  applicationName: string,
): Promise<readonly [pg.Client, pg.Client, readonly string[]]> => {
  const session = { applicationName, signal, pipelined: true, plansByIndex: true };
  const opening = connectBoth(
    options,
    { ...session, lockTimeoutMs },
    { ...session, statementTimeoutMs: 10_000 },
  );
  try {
    const [[holder, observer], found] = await allEnded([opening, schemas]);
    return [holder, observer, found];
  } catch (error) {
    for (const client of await opening.catch(() => [])) await disconnect(client);
    throw error;
  }
};

/** The lock table may also be full for a query after the locks, or for the session that watches. */
const readingFailure = (error: unknown, need: LockNeed | undefined): unknown => {
  const failure = queryFailure(error, 'reading the schema');
  return need ? withLockNeed(failure, need) : failure;
};

/** Locks and snapshot, and the facts that are needed before pg_dump starts. */
const begin = async (
  holder: pg.Client,
  observer: pg.Client,
  applicationName: string,
  request: SnapshotRequest,
  schemas: readonly string[],
  onLockNeed: (need: LockNeed) => void,
) => {
  const [server, , locks] = await atOnce(
    observer,
    () => serverFacts(observer),
    () => schemaOidsOf(observer, schemas),
    () => readLockNeed(observer, schemas),
  );
  onLockNeed(locks);
  refuseTooMany(locks);
  await beginLocked(holder, observer, schemas, request.lockTimeoutMs);
  await holdName(holder, applicationName);
  const [taken, schemaOids] = await atOnce(
    holder,
    () => takeSnapshot(holder),
    () => schemaOidsOf(holder, schemas),
  );
  const named = { schemaOids, schemas, compare: request.compare };
  const beginning = await readBeginning(holder, named, request.partitionsElsewhere);
  return { server, locks, ...taken, named, beginning };
};

/** Reads in the snapshot beside the dump, one after the other, because one session reads all. */
const readBeside = (
  holder: pg.Client,
  named: InventoryOptions,
  beginning: Beginning,
  locks: LockNeed,
): { readonly held: Promise<NamesHeld>; readonly inventory: Promise<Inventory> } => {
  const fail = (error: unknown): never => {
    throw readingFailure(error, locks);
  };
  const held = readNamesHeld(holder, named.schemaOids).catch(fail);
  const inventory = held.then(() => readInventory(holder, named, beginning)).catch(fail);
  // The caller's await handles it; before that, a rejection must not end the process.
  inventory.catch(() => undefined);
  return { held, inventory };
};

const templatesFor = (options: SnapshotOptions, observer: pg.Client): TemplateOf => {
  const fresh = options.templateOf ?? makeFreshTemplate(options);
  return options.keeping ? keepTemplates(fresh, options.keeping)(observer) : fresh;
};

const openSnapshot = async (
  options: SnapshotOptions,
  request: SnapshotRequest,
): Promise<Snapshot> => {
  const applicationName = applicationNameOf(request.backupId, request.attempt, options.stack);
  const [holder, observer, schemas] = await openSessions(options, request, applicationName);
  const backends = Promise.all([backendOf(observer), backendOf(holder)]);
  // The watch awaits it.
  backends.catch(() => undefined);
  const { giveWayAfterSeconds } = request;
  const watching = watch({ observer, holder, backends, applicationName, giveWayAfterSeconds });
  let closing: Promise<unknown> | undefined;
  let need: LockNeed | undefined;
  const close = async (): Promise<void> => {
    watching.stop();
    closing ??= Promise.all([holder, observer].map(disconnect));
    await closing;
  };
  try {
    if (await sharesBackends(holder, observer)) {
      throw new PoolerInTransactionMode(options.settings.name);
    }
    // From the first lock on, the export gives way, and a lost session is noticed.
    const { server, locks, id, takenAt, named, beginning } = await Promise.race([
      begin(holder, observer, applicationName, request, schemas, (read) => {
        need = read;
      }),
      watching.disturbed,
    ]);
    const { held, inventory } = readBeside(holder, named, beginning, locks);
    const { engine = 'pg_dump', compare = 'counts', lockTimeoutMs } = request;
    const dumping = makeDumping({
      access: options,
      templateOf: templatesFor(options, observer),
      ...{ engine, compare, lockTimeoutMs },
      ...{ holder, server, applicationName, locks, named, beginning, inventory, takenAt },
      snapshotId: id,
    });
    return {
      server,
      takenAt,
      tables: manifestTables(beginning),
      inventory,
      sourceBytes: beginning.sourceBytes,
      disturbed: watching.disturbed,
      countRows: dumping.countRows,
      confirmNames: async () => {
        // The observer's transactions see the present state, the holder's see the state at the snapshot.
        const now = await readNamesHeld(observer, named.schemaOids).catch((error: unknown) => {
          throw queryFailure(error, 'looking whether the schema was renamed');
        });
        refuseMoved(await held, now, schemas);
      },
      dump: dumping.dump,
      dumpGlobals: (signal) => dumpGlobals(options, server, applicationName, signal),
      close,
    };
  } catch (error) {
    const named = await withMemberships(observer, error);
    await close();
    throw readingFailure(named, need);
  }
};

/** Snapshots of one source. `open` throws the named errors of connecting, locking and reading. */
export const makeSnapshotSource = (options: SnapshotOptions): SnapshotSource => ({
  open: (request) => openSnapshot(options, request),
  endLeftovers: (backupId, belowAttempt) => endLeftovers(options, backupId, belowAttempt),
});
