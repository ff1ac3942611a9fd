import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { APPLICATION } from '../../../core/contract.ts';
import type { RestoredForeignKey } from '../../../core/restore.ts';
import type { OutsideForeignKey } from '../../../core/restore-ports.ts';
import { isKeyStatement, sendAlone } from '../replay/foreign-keys/key-statement.ts';
import {
  halfAdded,
  onPartition,
  partsBelow,
  validate,
} from '../replay/foreign-keys/partition-keys.ts';
import { refusal } from '../replay/statement-errors.ts';
import { sendRestricted } from '../replay/tenant-code/security-restricted.ts';
import { commentSql } from '../schema-names/schema-names.ts';
import { isLost } from '../session/server-messages.ts';
import { type SourceAccess, withSession } from '../session/session.ts';
import { identifier, qualified } from '../sql/identifiers.ts';

/**
 * Adds the constraints that lead out of the restored schemas. ADD FOREIGN KEY locks the table that is referred to against every
 * tenant's writes: so it is added NOT VALID, which takes a moment, in a transaction of its own that waits for its locks only a
 * moment too, since whoever writes queues behind it. Validating lets everybody read and write.
 */
export interface KeyOptions {
  readonly lockTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** Others queue behind a waiting ADD CONSTRAINT. */
const LONGEST_WAIT_MS = 500;
const TRIES = 12;
const PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;

const codeOf = (error: unknown): string => {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
};
const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

const LOCK_TIMEOUT = '55P03';
const DEADLOCK = '40P01';
const THERE_ALREADY = '42710';
const VIOLATED = '23503';

type Send = (client: pg.Client, statement: string) => Promise<void>;

/** Runs one transaction, again with a pause where it waited too long for a lock. */
const patiently = async (
  client: pg.Client,
  { lockTimeoutMs, signal }: KeyOptions,
  [first, ...others]: readonly [string, ...string[]],
  sendFirst: Send = sendAlone,
): Promise<void> => {
  const wait = Math.min(lockTimeoutMs, LONGEST_WAIT_MS);
  for (let tries = 1; ; tries += 1) {
    try {
      await client.query(
        `BEGIN; SET LOCAL lock_timeout = ${wait}; SET LOCAL idle_in_transaction_session_timeout = 2000`,
      );
      await sendFirst(client, first);
      for (const statement of others) await sendAlone(client, statement);
      await client.query('COMMIT');
      return;
    } catch (error) {
      if (isLost(error)) throw error;
      await client.query('ROLLBACK');
      const isBusy = [LOCK_TIMEOUT, DEADLOCK].includes(codeOf(error));
      if (!isBusy || tries === TRIES) throw error;
    }
    await sleep(Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** (tries - 1)), undefined, { signal });
  }
};

/** Since PostgreSQL 18 a key may be there and not be enforced. */
const FOUND = `
  SELECT coalesce((pg_catalog.to_jsonb(k) ->> 'conenforced')::pg_catalog.bool, true) AS enforced
  FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relname = $2 AND k.conname = $3 AND k.contype = 'f'`;

const isThere = async (
  client: pg.Client,
  { table, name }: OutsideForeignKey,
): Promise<{ readonly enforced: boolean } | undefined> =>
  (await client.query<{ enforced: boolean }>(FOUND, [table.schema, table.name, name])).rows[0];

const OWNER = `
  SELECT r.rolname AS owner FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_roles r ON r.oid = c.relowner WHERE n.nspname = $1 AND c.relname = $2 AND NOT r.rolsuper AND r.rolname <> current_user`;

/**
 * To plan its query is to evaluate constant calls in the indexes of both tables, which their owners may change at any moment now: so
 * it is validated as the table's owner, restricted. Where that one may not read the other table, the server looks at row by row.
 */
const validateAsOwner = async (client: pg.Client, key: OutsideForeignKey): Promise<void> => {
  const { schema, name } = key.table;
  const [found] = (await client.query<{ owner: string }>(OWNER, [schema, name])).rows;
  if (!found) return await sendAlone(client, validate(key));
  await client.query('BEGIN');
  try {
    await sendRestricted(client, { schema, role: found.owner }, validate(key));
    await client.query('COMMIT');
  } catch (error) {
    if (!isLost(error)) await client.query('ROLLBACK');
    throw error;
  }
};

/** Whether a partition key of the table, or of a table below it, has expressions. */
const HAS_KEY_EXPRESSIONS = `
  SELECT EXISTS (
    SELECT FROM pg_catalog.pg_partition_tree((pg_catalog.format('%I.%I', $1::text, $2::text))::pg_catalog.regclass) t
    JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = t.relid WHERE p.partexprs IS NOT NULL
  ) AS evaluates`;

/**
 * To add a key to a partitioned table is to open its partitions, and so to evaluate constant calls of the partition key
 * (RelationBuildPartitionKey in partcache.c): then it is added as the table's owner, restricted.
 */
const senderFor = async (client: pg.Client, { table }: OutsideForeignKey): Promise<Send> => {
  const { schema, name } = table;
  const [key] = (await client.query<{ evaluates: boolean }>(HAS_KEY_EXPRESSIONS, [schema, name]))
    .rows;
  const [found] = key?.evaluates
    ? (await client.query<{ owner: string }>(OWNER, [schema, name])).rows
    : [];
  if (!found) return sendAlone;
  return (own, statement) => sendRestricted(own, { schema, role: found.owner }, statement);
};

/** Rows of these go against it. */
class PartsViolated extends Error {}

/** @returns whether the table's own key finds those of its partitions. @throws PartsViolated */
const addBelow = async (
  client: pg.Client,
  key: OutsideForeignKey,
  options: KeyOptions,
): Promise<boolean> => {
  const parts = await partsBelow(client, key);
  if (!parts) return false;
  // First all of them, so that new rows are checked in each, whatever is in the others.
  for (const part of parts.filter(({ there }) => !there))
    await patiently(client, options, [`${onPartition(key, part).sql} NOT VALID`]);
  let isViolated = false;
  for (const part of parts.filter(({ valid }) => !valid)) {
    await validateAsOwner(client, onPartition(key, part)).catch((error: unknown) => {
      if (codeOf(error) !== VIOLATED) throw error;
      isViolated = true;
    });
  }
  if (isViolated) throw new PartsViolated();
  return true;
};

const NO_KEY_WHY = 'what would be sent for it is not one foreign key of this table';

const add = async (
  client: pg.Client,
  key: OutsideForeignKey,
  options: KeyOptions,
): Promise<RestoredForeignKey> => {
  const { table, name, sql } = key;
  if (!(await isKeyStatement(key))) return { table, name, state: 'left-out', why: NO_KEY_WHY };
  if (!(await isThere(client, key))) {
    const isPartitioned = await addBelow(client, key, options);
    const object = `CONSTRAINT ${identifier(name)} ON ${qualified(table.schema, table.name)}`;
    await patiently(
      client,
      options,
      [
        isPartitioned ? sql : `${sql} NOT VALID`,
        ...(key.comment === undefined ? [] : [commentSql(object, key.comment)]),
      ],
      await senderFor(client, key),
    );
  }
  // One that is not enforced can't be validated, and is as the backup has it.
  if (!(await isThere(client, key))?.enforced) return { table, name, state: 'valid' };
  if (key.neverValidated) {
    return { table, name, state: 'not-valid', why: 'the source had never validated it either' };
  }
  await validateAsOwner(client, key);
  return { table, name, state: 'valid' };
};

const PARTS_WHY = 'rows refer to what is no longer there: find them, then run these statements';
const NOT_VALID_WHY =
  'rows refer to what is no longer there: find them, then ALTER TABLE ... VALIDATE CONSTRAINT';

const whyLeftOut = (error: unknown): string => {
  const code = codeOf(error);
  if (code === LOCK_TIMEOUT || code === DEADLOCK)
    return `other sessions held locks on its table, or on the table that it refers to, at each of ${TRIES} tries: add it when they are quiet`;
  if (code === '42501') {
    return `the restore role may not refer to that table (${messageOf(error)}): GRANT REFERENCES on it, then add the constraint`;
  }
  return messageOf(error);
};

/** A key that can't be had is told, with the reason: the schema itself is whole. */
const settle = async (
  client: pg.Client,
  key: OutsideForeignKey,
  error: unknown,
): Promise<RestoredForeignKey> => {
  const { table, name } = key;
  const there = await isThere(client, key);
  const isViolated = codeOf(error) === VIOLATED;
  if (there) {
    const why = isViolated ? NOT_VALID_WHY : whyLeftOut(error);
    return { table, name, state: 'not-valid', why, sql: validate(key) };
  }
  const parts = (await partsBelow(client, key)) ?? [];
  const why =
    error instanceof PartsViolated ? PARTS_WHY : isViolated ? NOT_VALID_WHY : whyLeftOut(error);
  return { table, name, state: 'left-out', ...halfAdded(key, parts, why) };
};

/** @throws RestoreInterrupted, or the reason that `signal` was aborted with */
export const addForeignKeys = async (
  access: SourceAccess,
  keys: readonly OutsideForeignKey[],
  options: KeyOptions,
): Promise<readonly RestoredForeignKey[]> => {
  if (!keys.length) return [];
  const session = {
    applicationName: `${APPLICATION}/foreign-keys`,
    writes: true,
    lockTimeoutMs: options.lockTimeoutMs,
    signal: options.signal,
  };
  const done: RestoredForeignKey[] = [];
  try {
    await withSession(access, session, async (client) => {
      for (const key of keys) {
        done.push(
          await add(client, key, options).catch((error: unknown) => {
            options.signal.throwIfAborted();
            if (isLost(error)) throw error;
            // Somebody added it meanwhile, such as an attempt that was taken for dead.
            if (codeOf(error) === THERE_ALREADY) return add(client, key, options);
            return settle(client, key, error);
          }),
        );
      }
    });
    return done;
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason;
    throw refusal(error, { object: 'foreign keys to tables outside' });
  }
};
