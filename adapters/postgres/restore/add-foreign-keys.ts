import type pg from 'pg';
import { APPLICATION } from '../../../core/contract.ts';
import type { RestoredForeignKey } from '../../../core/restore.ts';
import type { OutsideForeignKey } from '../../../core/restore-ports.ts';
import { keyStatement, sendAlone } from '../replay/foreign-keys/key-statement.ts';
import {
  halfAdded,
  onPartition,
  partsBelow,
  validate,
} from '../replay/foreign-keys/partition-keys.ts';
import { named } from '../replay/run-state.ts';
import { refusal } from '../replay/statement-errors.ts';
import { sendRestricted } from '../replay/tenant-code/security-restricted.ts';
import { commentSql } from '../schema-names/schema-names.ts';
import { isLost } from '../session/server-messages.ts';
import { type SourceAccess, withSession } from '../session/session.ts';
import { identifier, qualified } from '../sql/identifiers.ts';
import { keyReason, keyReasonText, PartsViolated, VIOLATED } from './foreign-key-reasons.ts';
import { codeOf, type KeyOptions, patiently, type Send } from './short-transaction.ts';
import { otherOwner, validateAsOwner } from './validate-foreign-key.ts';

/**
 * Adds the foreign keys from the restored schemas to tables outside. ADD FOREIGN KEY locks the referenced table against the writes of every
 * tenant. So the key is added NOT VALID, which is quick, in a transaction of its own. That transaction waits only briefly for its locks,
 * because every writer queues behind it. The validation then blocks neither reads nor writes.
 */
const THERE_ALREADY = '42710';

/** Since PostgreSQL 18 a key may exist without being enforced. */
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

/** Whether a partition key of the table, or of a table below it, has expressions. */
const HAS_KEY_EXPRESSIONS = `
  SELECT EXISTS (
    SELECT FROM pg_catalog.pg_partition_tree((pg_catalog.format('%I.%I', $1::text, $2::text))::pg_catalog.regclass) t
    JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = t.relid WHERE p.partexprs IS NOT NULL
  ) AS evaluates`;

/**
 * Adding a key to a partitioned table opens its partitions, and so evaluates constant calls of the partition key (RelationBuildPartitionKey
 * in partcache.c). Such a key is added as the table's owner, restricted.
 */
const senderFor = async (
  client: pg.Client,
  { table }: OutsideForeignKey,
  adding: string,
): Promise<Send> => {
  const { schema, name } = table;
  const [key] = (await client.query<{ evaluates: boolean }>(HAS_KEY_EXPRESSIONS, [schema, name]))
    .rows;
  const role = key?.evaluates ? await otherOwner(client, table) : undefined;
  if (role === undefined) return sendAlone;
  return (own, statement) =>
    statement === adding
      ? sendRestricted(own, { schema, role }, statement)
      : sendAlone(own, statement);
};

/** @returns whether the table's own key finds those of its partitions. @throws PartsViolated */
const addBelow = async (
  client: pg.Client,
  key: OutsideForeignKey,
  options: KeyOptions,
): Promise<boolean> => {
  const parts = await partsBelow(client, key);
  if (!parts) return false;
  // First add the key to all partitions: then it checks new rows in each, whatever rows the others have.
  for (const part of parts.filter(({ there }) => !there))
    await patiently(client, options, [`${onPartition(key, part).sql} NOT VALID`]);
  let isViolated = false;
  for (const part of parts.filter(({ valid }) => !valid)) {
    await validateAsOwner(client, onPartition(key, part), options).catch((error: unknown) => {
      if (codeOf(error) !== VIOLATED) throw error;
      isViolated = true;
    });
  }
  if (isViolated) throw new PartsViolated();
  return true;
};

const add = async (
  client: pg.Client,
  key: OutsideForeignKey,
  options: KeyOptions,
): Promise<RestoredForeignKey> => {
  const { table, name, sql } = key;
  if (!(await keyStatement(key)))
    return { table, name, state: 'left-out', why: keyReasonText({ kind: 'no-key' }) };
  if (!(await isThere(client, key))) {
    const isPartitioned = await addBelow(client, key, options);
    const object = `CONSTRAINT ${identifier(name)} ON ${qualified(table.schema, table.name)}`;
    const adding = isPartitioned ? sql : `${sql} NOT VALID`;
    const comments = key.comment === undefined ? [] : [commentSql(object, key.comment)];
    const send = await senderFor(client, key, adding);
    await patiently(client, options, [adding, ...comments], send);
  }
  // A key that is not enforced cannot be validated; it is as in the backup.
  if (!(await isThere(client, key))?.enforced) return { table, name, state: 'valid' };
  if (key.neverValidated) {
    return { table, name, state: 'not-valid', why: keyReasonText({ kind: 'never-validated' }) };
  }
  await validateAsOwner(client, key, options);
  return { table, name, state: 'valid' };
};

/** A key that cannot be added is reported, with the reason: the schema itself is complete. */
const settle = async (
  client: pg.Client,
  key: OutsideForeignKey,
  error: unknown,
): Promise<RestoredForeignKey> => {
  const { table, name } = key;
  const there = (await isThere(client, key)) !== undefined;
  const to = (await keyStatement(key))?.references;
  const why = keyReasonText(await keyReason(client, key, to && named(to), error, there));
  if (there) return { table, name, state: 'not-valid', why, sql: validate(key) };
  const parts = (await partsBelow(client, key)) ?? [];
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
            // Another session has added it meanwhile, such as an attempt that was wrongly taken for dead.
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
