import type pg from 'pg';
import { quoted } from '../../../../core/errors/base.ts';
import { membersIn, NAMED_SCHEMAS, typesIn } from '../../catalog/schema-members.ts';
import { shown } from '../../sql/describe-statement.ts';
import { identifier } from '../../sql/identifiers.ts';
import type { Name } from '../../sql/kinds/word-cursor.ts';
import type { Word } from '../../sql/statement-words.ts';
import type { Run } from '../run-state.ts';

/**
 * Keeps the grantor of each right. PostgreSQL records as grantor the first role with the grant option of those that the session's role is a
 * member of. Once an object's owner has given the option to another role, that may be the other role, and a later REVOKE by the owner would
 * remove nothing. So the owner's grants on such an object are executed as the owner.
 * select_best_grantor of src/backend/utils/adt/acl.c
 */
const OWNERS: Readonly<Record<string, string>> = {
  schema:
    'SELECT nspowner AS oid FROM pg_catalog.pg_namespace WHERE $1::text IS NULL AND nspname = $2',
  ...Object.fromEntries(
    ['table', 'view', 'materialized view', 'foreign table', 'sequence'].map((kind) => [
      kind,
      'SELECT c.relowner AS oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2',
    ]),
  ),
  ...Object.fromEntries(
    ['type', 'domain'].map((kind) => [
      kind,
      'SELECT t.typowner AS oid FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname = $1 AND t.typname = $2',
    ]),
  ),
  // Functions of one name may have several owners. The comparison at the end finds differences.
  ...Object.fromEntries(
    ['function', 'procedure', 'routine', 'aggregate'].map((kind) => [
      kind,
      'SELECT DISTINCT p.proowner AS oid FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = $1 AND p.proname = $2',
    ]),
  ),
};

const ownerOf = async (
  client: pg.Client,
  what: string,
  { schema, name }: Name,
): Promise<string | undefined> => {
  const sql = OWNERS[what];
  if (sql === undefined) return undefined;
  const { rows } = await client.query<{ owner: string }>(
    `SELECT pg_catalog.pg_get_userbyid(o.oid)::text AS owner FROM (${sql}) o`,
    [schema, name],
  );
  return rows.length === 1 ? rows[0]?.owner : undefined;
};

const CLOSED = 'SELECT NOT pg_catalog.has_schema_privilege($1, $2, $3) AS closed';

/**
 * Executes as the owner of an object. The owner may lack USAGE on the schema, so it is granted for
 * the statement.
 */
const asOwner = async (
  { client, self, isSuperuser, findRole }: Run,
  what: string,
  on: Name,
  execute: () => Promise<void>,
): Promise<void> => {
  const owner = isSuperuser ? undefined : await ownerOf(client, what, on);
  if (owner === undefined || owner === self || !(await findRole(owner))?.mayGrant)
    return await execute();
  const { rows } = await client.query<{ closed: boolean }>(CLOSED, [owner, on.schema, 'USAGE']);
  const right = rows[0]?.closed ? `USAGE ON SCHEMA ${identifier(on.schema ?? '')}` : undefined;
  if (right) await client.query(`GRANT ${right} TO ${identifier(owner)}`);
  await client.query(`SET LOCAL ROLE ${identifier(owner)}`);
  await execute();
  await client.query('RESET ROLE');
  if (right) await client.query(`REVOKE ${right} FROM ${identifier(owner)}`);
};

/** True if the GRANT ends with WITH GRANT OPTION. */
export const givesOption = (words: readonly Word[]): boolean =>
  words
    .slice(-3)
    .map((word) => (word.kind === 'name' && !word.quoted ? word.text : ''))
    .join(' ') === 'with grant option';

/** Executes a GRANT or REVOKE of the object's owner. */
export const grantAsOwner = async (
  run: Run,
  what: string,
  on: Name,
  execute: () => Promise<void>,
): Promise<void> =>
  run.optional.has(shown(on)) ? await asOwner(run, what, on, execute) : await execute();

const OTHERS = `
  SELECT DISTINCT o.schema, o.name, pg_catalog.pg_get_userbyid(x.grantor)::text AS grantor, COALESCE(r.rolname::text, '') AS grantee
  FROM (
    SELECT NULL AS schema, nspname::text AS name, nspacl AS acl, nspowner AS owner FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1)
    UNION ALL SELECT n.nspname::text, c.relname::text, c.relacl, c.relowner
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ANY (ARRAY(${membersIn('pg_class', NAMED_SCHEMAS)}))
    UNION ALL SELECT n.nspname::text, c.relname::text, a.attacl, c.relowner
      FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE a.attrelid = ANY (ARRAY(${membersIn('pg_class', NAMED_SCHEMAS)})) AND a.attacl IS NOT NULL
    UNION ALL SELECT n.nspname::text, p.proname::text, p.proacl, p.proowner
      FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE p.oid = ANY (ARRAY(${membersIn('pg_proc', NAMED_SCHEMAS)}))
    UNION ALL SELECT n.nspname::text, t.typname::text, t.typacl, t.typowner
      FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE t.oid = ANY (ARRAY(${typesIn(NAMED_SCHEMAS)}))
  ) o, LATERAL pg_catalog.aclexplode(o.acl) x LEFT JOIN pg_catalog.pg_roles r ON r.oid = x.grantee
  WHERE x.grantor <> o.owner ORDER BY 1, 2, 3, 4`;

interface Granted extends Name {
  readonly grantor: string;
  /** Empty for PUBLIC. */
  readonly grantee: string;
}

const entryOf = ({ grantor, grantee, ...on }: Granted): string =>
  JSON.stringify([shown(on), grantor, grantee]);

/** Notes a grant that the backup's SQL makes in the name of another role than the owner. */
export const noteGranted = (
  { byOthers }: Run,
  { schema, name }: Name,
  grantor: string,
  grantees: readonly string[],
): void => {
  for (const grantee of grantees) byOthers.add(entryOf({ schema, name, grantor, grantee }));
};

/** Reports grants whose recorded grantor differs from the one in the backup's SQL. */
export const tellOtherGrantors = async (run: Run): Promise<void> => {
  const { client, request, optional, byOthers, access } = run;
  if (!optional.size || request.intoLive || request.owners === 'drop') return;
  const { rows } = await client.query<Granted>(OTHERS, [request.schemas]);
  for (const one of rows.filter((row) => !byOthers.has(entryOf(row)))) {
    access.addNamed(
      `who granted rights on ${shown(one)} to ${one.grantee === '' ? 'PUBLIC' : quoted(one.grantee)}`,
      { kind: 'other-grantor', role: one.grantor },
    );
  }
};
