import pg from 'pg';
import type { Inventory, ReachingFunction } from '../../../core/manifest.ts';
import { atOnce } from '../session/pipelined-reads.ts';
import { fixText } from '../session/text-settings.ts';
import { readBindings } from './bindings/operator-bindings.ts';
import type { CountingWays } from './counting-methods.ts';
import { readDatabaseExtensions, readDatabaseSettings } from './database-settings.ts';
import { readDefinitions } from './definitions/definitions.ts';
import { readNamedByValue } from './reg-values.ts';
import type { SchemaOids } from './schema-contents.ts';
import { membersIn } from './schema-members.ts';
import type { Mention } from './schemas-in-text.ts';
import { readStandIns } from './stand-ins.ts';

/** Tables of the schemas whose checks, defaults, generated columns and indexes call one of their functions, domains' checks included. */
const CALLERS = `
  SELECT DISTINCT pg_catalog.format('%I(%s)', p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) AS function,
    (SELECT n.nspname FROM pg_catalog.pg_namespace n WHERE n.oid = t.relnamespace) AS schema, t.relname AS name
  FROM pg_catalog.pg_depend d
  JOIN pg_catalog.pg_proc p ON d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = d.refobjid
  CROSS JOIN LATERAL (
    SELECT k.conrelid FROM pg_catalog.pg_constraint k WHERE d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = d.objid
    -- A column depends on its domain.
    UNION ALL SELECT c.objid FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_depend c ON c.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass
        AND c.refobjid = k.contypid AND c.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
      WHERE d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = d.objid AND k.contypid <> 0
    UNION ALL SELECT f.adrelid FROM pg_catalog.pg_attrdef f WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND f.oid = d.objid
    UNION ALL SELECT i.indrelid FROM pg_catalog.pg_index i WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND i.indexrelid = d.objid
  ) AS caller (relid)
  JOIN pg_catalog.pg_class t ON t.oid = caller.relid
  WHERE d.refobjid = ANY (ARRAY(${membersIn('pg_proc')})) AND t.oid = ANY (ARRAY(${membersIn('pg_class')}))
  ORDER BY 1, 2, 3`;

const readReaching = async (
  client: pg.Client,
  schemaOids: SchemaOids,
  mentions: readonly Mention[],
): Promise<ReachingFunction[]> => {
  if (!mentions.length) return [];
  interface Caller {
    readonly function: string;
    readonly schema: string;
    readonly name: string;
  }
  const { rows } = await client.query<Caller>(CALLERS, [schemaOids]);
  return mentions
    .map(({ name, schemas }) => ({
      name,
      schemas: [...schemas],
      tables: rows
        .filter((caller) => caller.function === name)
        .map((caller) => ({ schema: caller.schema, name: caller.name })),
    }))
    .filter(({ tables }) => tables.length);
};

export type ForVerification = Pick<
  Inventory,
  | 'definitions'
  | 'operatorBindings'
  | 'standIns'
  | 'databaseExtensions'
  | 'databaseSettings'
  | 'reachingFunctions'
>;

/**
 * Facts that only a verification needs. For these the server writes expressions, which may fail where a dump would not: such a failure does
 * not fail the backup. Nothing else may be sent meanwhile, because it would fail too. From here to the end of the transaction, the
 * session's settings of text are those of `fixText`, whatever the database or the role have set, because the results are compared with
 * those of another server.
 */
export const readForVerification = async (
  client: pg.Client,
  schemaOids: SchemaOids,
  mentions: readonly Mention[],
  ways: CountingWays,
): Promise<ForVerification> => {
  await client.query('SAVEPOINT verification');
  try {
    const databaseSettings = await readDatabaseSettings(client, schemaOids);
    await fixText(client);
    const [definitions, operatorBindings, standIns, databaseExtensions, reachingFunctions] =
      await atOnce(
        client,
        () => readDefinitions(client, schemaOids),
        () => readBindings(client, schemaOids),
        async () =>
          await readStandIns(client, schemaOids, await readNamedByValue(client, schemaOids, ways)),
        () => readDatabaseExtensions(client),
        () => readReaching(client, schemaOids, mentions),
      );
    return {
      definitions,
      operatorBindings,
      standIns,
      databaseExtensions,
      databaseSettings,
      reachingFunctions,
    };
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    await client.query('ROLLBACK TO SAVEPOINT verification');
    return {};
  } finally {
    await client.query('RELEASE SAVEPOINT verification');
  }
};
