import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { APPLICATION } from '../../../core/contract.ts';
import { LockTimeout, quoted, SchemaNotFound } from '../../../core/errors.ts';
import type { SchemaPlace } from '../../../core/restore.ts';
import { qualified } from '../names.ts';
import { connect, disconnect } from '../session.ts';
import { commit, pidOf } from './commit.ts';
import {
  extensionsIn,
  moveExtension,
  refuseTaken,
  renameSchema,
  schemaComments,
  schemasThere,
  setSchemaComment,
} from './places.ts';
import { isLost, refusal } from './refusals.ts';
import type { RestoreAccess } from './server.ts';

/**
 * The exchange of names. Renaming a schema takes no lock on its tables, so a transaction that had begun to write into the old one
 * would go on writing there after the exchange, and its rows would be lost to the application. So all tables are locked against
 * writes first: what is under way ends before, what comes later finds the new ones. Who writes meanwhile waits; nobody for long,
 * since the locks are waited for only a moment and, where somebody holds one of them longer, all are let go of again.
 */
export interface RenameOptions {
  readonly lockTimeoutMs: number;
  readonly signal: AbortSignal;
}

const LONGEST_WAIT_MS = 300;
const LONGEST_LOCKING_MS = 600;
const TRIES = 20;
const PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5000;

/** Views, sequences and indexes are not locked: rows are in tables. Partitions are locked with their parents or by themselves. */
const TABLES = `
  SELECT n.nspname AS schema, c.relname AS name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p') ORDER BY c.oid`;

/** The wait for each lock is short, and so is that for all of them together: who writes queues behind those we have. */
const lockTables = async (client: pg.Client, schemas: readonly string[]): Promise<void> => {
  const found = await client.query<{ schema: string; name: string }>(TABLES, [schemas]);
  const names = found.rows.map(({ schema, name }) => `ONLY ${qualified(schema, name)}`);
  if (!names.length) return;
  await client.query(`SET LOCAL statement_timeout = ${LONGEST_LOCKING_MS}`);
  await client.query(`LOCK TABLE ${names.join(', ')} IN SHARE ROW EXCLUSIVE MODE`);
  await client.query('SET LOCAL statement_timeout = 0');
};

/** A worker that vanishes must not leave everybody waiting until the network has noticed. */
const BEGIN = `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL idle_in_transaction_session_timeout = 2000`;

const SENTENCE = /^Put aside by Larder restore (\S+)$/;

/** The comment of a schema that another one takes the place of. */
const asideComment = (restoreId: string, own: string | null | undefined): string =>
  `Put aside by Larder restore ${restoreId}${own ? `\n\n${own}` : ''}`;

const asideBy = (comment: string | null | undefined): string | undefined =>
  SENTENCE.exec(comment?.split('\n', 1)[0] ?? '')?.[1];

/** The comment of a schema that gets back the name it had. */
const backComment = (comment: string | null | undefined): string | undefined =>
  comment?.split('\n').slice(2).join('\n') || undefined;

/** The first place's schema gives its name away: its comment tells who did it. */
const isDone = async (
  client: pg.Client,
  restoreId: string,
  places: readonly SchemaPlace[],
): Promise<boolean> => {
  const [first] = places;
  if (!first) return true;
  const comments = await schemaComments(client, [first.to]);
  return asideBy(comments.get(first.to)) === restoreId;
};

const exchange = async (
  client: pg.Client,
  restoreId: string,
  places: readonly SchemaPlace[],
): Promise<void> => {
  const from = places.map((place) => place.from);
  const there = await schemasThere(client, from);
  const missing = from.find((name) => !there.has(name));
  if (missing !== undefined) {
    const { rows } = await client.query<{ name: string }>(
      'SELECT pg_catalog.current_database() AS name',
    );
    throw new SchemaNotFound(missing, rows[0]?.name ?? '');
  }
  await refuseTaken(
    client,
    places.filter(({ to }) => !from.includes(to)),
  );
  await lockTables(client, from);
  const extensions = await extensionsIn(client, from);
  const comments = await schemaComments(client, from);
  for (const place of places) await renameSchema(client, place);
  // An extension is known by its schema's name, in the application's queries too: it stays where that name is.
  for (const { name, schema } of extensions) {
    if (places.some(({ to }) => to === schema)) await moveExtension(client, name, schema);
  }
  for (const [index, place] of places.entries()) {
    const comment = comments.get(place.from);
    if (index === 0 || places.some(({ to }) => to === place.from))
      await setSchemaComment(client, place.to, asideComment(restoreId, comment));
    else if (asideBy(comment)) await setSchemaComment(client, place.to, backComment(comment));
  }
};

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code;
/** Lock timeout, deadlock, statement timeout. */
const BUSY: readonly unknown[] = ['55P03', '40P01', '57014'];

/** @throws LockTimeout, SchemaNotFound, RestoreRefused, RestoreInterrupted */
export const rename = async (
  access: RestoreAccess,
  restoreId: string,
  places: readonly SchemaPlace[],
  { lockTimeoutMs, signal }: RenameOptions,
): Promise<'renamed' | 'already'> => {
  const applicationName = `${APPLICATION}/exchange/${restoreId}`;
  const wait = Math.min(lockTimeoutMs, LONGEST_WAIT_MS);
  const session = { applicationName, writes: true, lockTimeoutMs: wait, signal };
  const client = await connect(access, session);
  try {
    const pid = await pidOf(client);
    for (let tries = 1; ; tries += 1) {
      try {
        await client.query(BEGIN);
        if (await isDone(client, restoreId, places)) return 'already';
        await exchange(client, restoreId, places);
        break;
      } catch (error) {
        if (isLost(error)) throw error;
        await client.query('ROLLBACK');
        if (!BUSY.includes(codeOf(error))) throw error;
        if (tries === TRIES) {
          const schemas = places.map(({ from }) => quoted(from)).join(', ');
          throw new LockTimeout(
            `tables of ${schemas}`,
            wait,
            `somebody was writing into them at each of ${TRIES} tries`,
          );
        }
      }
      await sleep(Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** (tries - 1)), undefined, { signal });
    }
    const happened = async (): Promise<boolean> => {
      const observer = await connect(access, { applicationName: `${APPLICATION}/aftermath` });
      try {
        return await isDone(observer, restoreId, places);
      } finally {
        await disconnect(observer);
      }
    };
    await commit({ access, client, applicationName, pid, happened });
    return 'renamed';
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw refusal(error, { object: 'the exchange of names' });
  } finally {
    await disconnect(client);
  }
};
