import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { DependentsStay } from '../../../core/errors/restore.ts';
import { type Dependent, dependentTitle, obstacleText } from '../../../core/restore-dependents.ts';
import type { OutsideForeignKey } from '../../../core/restore-ports.ts';
import { sendAlone } from '../replay/foreign-keys/key-statement.ts';
import { sendRestricted } from '../replay/tenant-code/security-restricted.ts';
import { isLost, isRace } from '../session/server-messages.ts';
import { identifier } from '../sql/identifiers.ts';
import { dependentOf, type FoundDependent } from './find-dependents.ts';

/**
 * Recreates dependents in the exchange's transaction, with their previous definitions. These name the live schema, and so are bound to the
 * restored one, which has that name by then. Each dependent is recreated as its owner, in a security-restricted operation: a definition is
 * not run, but PostgreSQL reads composite literals and bodies of SQL functions, and evaluates constant calls in partition keys. A dependent
 * that cannot be recreated, or would be bound to other objects than before, stays unchanged.
 */
export interface Repointed {
  readonly dependents: readonly Dependent[];
  /** Keys that exist, NOT VALID, and must be validated. */
  readonly keys: readonly OutsideForeignKey[];
}

/** @param schema a new one without objects, on which owners get rights for the helpers: they get none on a schema where they have none */
const makeAgain = async (
  client: pg.Client,
  { owner, asOwner, statements }: FoundDependent,
  schema: string,
): Promise<void> => {
  for (const statement of statements) {
    if (asOwner && owner !== undefined)
      await sendRestricted(client, { schema, role: owner }, statement);
    else await sendAlone(client, statement);
  }
};

/** LOCK TABLE on a view locks its tables too. Setting its present owner again locks only the view and changes nothing. */
const lockOf = ({ relation, isView, owner }: FoundDependent): string | undefined => {
  if (relation === undefined) return undefined;
  if (!isView) return `LOCK TABLE ONLY ${relation} IN ACCESS EXCLUSIVE MODE`;
  return owner === undefined ? undefined : `ALTER VIEW ${relation} OWNER TO ${identifier(owner)}`;
};

/** Locks the dependents, so that no other session changes a definition between the read and the recreation. */
export const lockDependents = async (
  client: pg.Client,
  found: readonly FoundDependent[],
): Promise<void> => {
  for (const one of found.filter(({ obstacle }) => !obstacle)) {
    const { owner, asOwner } = one;
    const lock = lockOf(one);
    if (lock === undefined) continue;
    // Neither lock evaluates anything, so SET ROLE suffices.
    if (asOwner && owner !== undefined) await client.query(`SET LOCAL ROLE ${identifier(owner)}`);
    await sendAlone(client, lock);
    await client.query('RESET ROLE');
  }
};

const BINDINGS = `
  SELECT pg_catalog.concat(h.class, ' ', h.oid) AS entry, ARRAY(
    SELECT DISTINCT (i.type || ' ' || i.identity) COLLATE "C"
    FROM pg_catalog.pg_depend d, LATERAL pg_catalog.pg_identify_object(d.refclassid, d.refobjid, d.refobjsubid) i
    WHERE d.classid = k.oid AND d.objid = h.oid AND d.deptype IN ('n', 'a') ORDER BY 1) AS uses
  FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::pg_catalog.oid[])) AS h (class, oid)
  JOIN pg_catalog.pg_class k ON k.relname = h.class AND k.relnamespace = 'pg_catalog'::regnamespace`;

export type Bindings = ReadonlyMap<string, string>;

const entryOf = ({ entry }: FoundDependent): string | undefined =>
  entry && `${entry.class} ${entry.oid}`;

/** Every object that the definitions are bound to, by its present name. */
export const readBindings = async (
  client: pg.Client,
  found: readonly FoundDependent[],
): Promise<Bindings> => {
  const entries = found.flatMap(({ entry }) => (entry ? [entry] : []));
  const { rows } = await client.query<{ entry: string; uses: string[] }>(BINDINGS, [
    entries.map((one) => one.class),
    entries.map(({ oid }) => oid),
  ]);
  return new Map(rows.map(({ entry, uses }) => [entry, JSON.stringify(uses)]));
};

/** SQLSTATEs of a lock that was not granted in time: the whole exchange is tried again. */
const BUSY: readonly unknown[] = ['55P03', '40P01', '57014'];

const isPassing = (error: unknown): boolean =>
  isLost(error) || isRace(error) || BUSY.includes((error as { code?: unknown } | null)?.code);

/** @returns the result. @throws errors after which the whole exchange is tried again */
const repointOne = async (
  client: pg.Client,
  one: FoundDependent,
  { before, schema }: { readonly before: Bindings; readonly schema: string },
): Promise<Dependent> => {
  await client.query('SAVEPOINT larder_dependent');
  const stays = async (obstacle: 'bindings' | 'refused', detail?: string): Promise<Dependent> => {
    await client.query(
      'ROLLBACK TO SAVEPOINT larder_dependent; RELEASE SAVEPOINT larder_dependent',
    );
    return {
      ...dependentOf({ ...one, obstacle }, 'not-done'),
      ...(detail !== undefined && { detail }),
    };
  };
  try {
    await makeAgain(client, one, schema);
  } catch (error) {
    if (isPassing(error)) throw error;
    return await stays('refused', error instanceof Error ? error.message : String(error));
  }
  const entry = entryOf(one);
  const after = await readBindings(client, [one]);
  if (entry !== undefined && after.get(entry) !== before.get(entry)) return await stays('bindings');
  await client.query('RELEASE SAVEPOINT larder_dependent');
  return dependentOf(one, 'done');
};

/** @throws DependentsStay if one stays and the request does not accept that */
export const repoint = async (
  client: pg.Client,
  found: readonly FoundDependent[],
  before: Bindings,
  acceptOthers: boolean,
): Promise<Repointed> => {
  const dependents: Dependent[] = [];
  const keys: OutsideForeignKey[] = [];
  const schema = `larder_${randomBytes(8).toString('hex')}`;
  const isNeeded = found.some(({ obstacle, asOwner }) => !obstacle && asOwner);
  if (isNeeded) await client.query(`CREATE SCHEMA ${identifier(schema)}`);
  for (const one of found) {
    const reported = one.obstacle
      ? dependentOf(one, 'not-done')
      : await repointOne(client, one, { before, schema });
    dependents.push(reported);
    if (reported.repoint === 'done' && one.key) keys.push(one.key);
  }
  // CASCADE: an owner's code may have left an object in it.
  if (isNeeded) await client.query(`DROP SCHEMA ${identifier(schema)} CASCADE`);
  const staying = dependents.filter((one) => one.repoint === 'not-done');
  if (staying.length && !acceptOthers) {
    throw new DependentsStay(staying.map((one) => `${dependentTitle(one)} (${obstacleText(one)})`));
  }
  return { dependents, keys };
};
