import pg from 'pg';
import { quoted } from '../../../../core/errors/base.ts';
import { type Manifest, type Outside, type StandIn, schemasIn } from '../../../../core/manifest.ts';
import { ruleOf } from '../../catalog/definitions/definitions.ts';
import type { MissingOutside } from '../../replay/left-out-object.ts';
import { identifier } from '../../sql/identifiers.ts';
import { SCRATCH_OWNER } from '../server/prepare.ts';
import type { ScratchServer } from '../server/server.ts';
import { createExtensions, nameOf } from './install-extensions.ts';
import { makeMethods, makeTransforms, OF_SUPERUSERS } from './superuser-stand-ins.ts';

/**
 * Creates the prerequisites of a backup of one schema that the backup does not hold: roles, extensions, and stand-ins of the same name and
 * form for other schemas' tables, types and functions (see catalog/stand-ins.ts). Objects that need something without a possible stand-in
 * are left out, and listed by name.
 */
export interface Prerequisites {
  /** Checks that were not possible because objects are missing, one line each. */
  readonly notChecked: readonly string[];
  /** Stand-ins that may behave differently from the source, such as a function that returns NULL: `the function s.f(integer)`. */
  readonly pretended: readonly string[];
  /** Whether tables are empty that have rows on the source. */
  readonly emptied: boolean;
  /** Objects without a stand-in: objects that need them cannot be created. */
  readonly missing: readonly MissingOutside[];
}

export interface PrerequisiteSessions {
  /** As the superuser. */
  readonly admin: pg.Client;
  /** As the role that restores. */
  readonly owner: pg.Client;
}

const createRoles = async (admin: pg.Client, roles: readonly string[]): Promise<void> => {
  const found = await admin.query<{ name: string }>(
    'SELECT rolname AS name FROM pg_catalog.pg_roles',
  );
  const there = new Set(found.rows.map(({ name }) => name));
  // Roles that begin with pg_ are PostgreSQL's own, with predefined members.
  for (const role of roles.filter((name) => !there.has(name) && !name.startsWith('pg_'))) {
    await admin.query(`CREATE ROLE ${identifier(role)} NOLOGIN`);
    await admin.query(`GRANT ${identifier(role)} TO ${SCRATCH_OWNER}`);
  }
};

/** All roles may use them: who may do so on the source is not part of this backup. */
const createSchemas = async (admin: pg.Client, names: Iterable<string>): Promise<void> => {
  for (const name of new Set(names)) {
    const schema = identifier(name);
    await admin.query(`CREATE SCHEMA IF NOT EXISTS ${schema} AUTHORIZATION ${SCRATCH_OWNER}`);
    await admin.query(`GRANT USAGE ON SCHEMA ${schema} TO PUBLIC`);
  }
};

/** Schemas of the backup that an extension creates, and not the backup. Definitions of an older rule list no schemas. */
const schemasOfExtensions = (manifest: Manifest): readonly string[] => {
  const { definitions } = manifest;
  if (!definitions || ruleOf(definitions) === undefined) return [];
  const made = definitions.filter(({ kind }) => kind === 'schema').map(({ name }) => nameOf(name));
  return schemasIn(manifest).filter((schema) => !made.includes(schema));
};

/** A wrapper without functions accepts the options of any wrapper; its tables can be created, and not read. */
const FOREIGN = [
  'CREATE FOREIGN DATA WRAPPER larder_stand_in',
  `GRANT USAGE ON FOREIGN DATA WRAPPER larder_stand_in TO ${SCRATCH_OWNER}`,
];

const isOwnSyntax = (error: unknown): boolean => error instanceof pg.DatabaseError;

const attempt = async (client: pg.Client, sql: string): Promise<boolean> => {
  try {
    await client.query(sql);
    return true;
  } catch (error) {
    if (isOwnSyntax(error)) return false;
    throw error;
  }
};

interface Made {
  readonly made: readonly StandIn[];
  /** Those that are tables without any column. */
  readonly bare: readonly StandIn[];
}

/** Some need others: the rest is tried again as long as at least one more could be created. */
const createStandIns = async (owner: pg.Client, standIns: readonly StandIn[]): Promise<Made> => {
  const made: StandIn[] = [];
  let rest = standIns;
  for (let before = -1; rest.length && made.length > before; ) {
    before = made.length;
    const failed: StandIn[] = [];
    for (const one of rest) ((await attempt(owner, one.sql)) ? made : failed).push(one);
    rest = failed;
  }
  // A column's type may be missing; a foreign key, which is left out anyway, does not need the columns.
  const bare: StandIn[] = [];
  for (const one of rest.filter(isTable)) {
    if (await attempt(owner, `CREATE TABLE ${one.name} ()`)) bare.push(one);
  }
  return { made: [...made, ...bare], bare };
};

const isTable = ({ sql }: StandIn): boolean => sql.startsWith('CREATE TABLE ');

/** Created elsewhere: a table's key is part of the table's stand-in. */
const BY_OTHERS = ['extension', 'tablespace', 'schema', 'role', 'table constraint'];

const keyOf = ({ kind, name }: Pick<Outside, 'kind' | 'name'>): string => `${kind} ${name}`;

/** `public."My ops" USING btree` as messages of the server name it: without quotes, arguments and access methods. */
const inMessages = (identity: string): string => {
  const [head = ''] = /^(?:"(?:[^"]|"")*"|[^"( ])*/.exec(identity) ?? [];
  return head.replace(/"((?:[^"]|"")*)"/g, (_, name: string) => name.replaceAll('""', '"'));
};

/** Objects without a stand-in. */
const missingIn = (
  manifest: Manifest,
  made: readonly Pick<Outside, 'kind' | 'name'>[],
): readonly Outside[] => {
  const there = new Set(made.map(keyOf));
  return manifest.outside.filter((one) => !BY_OTHERS.includes(one.kind) && !there.has(keyOf(one)));
};

/** A trigger's function lets rows pass, and a restore fires no triggers; any other returns NULL when called, or splits text differently. */
const isCalled = ({ kind, sql }: StandIn): boolean =>
  (kind === 'function' && !/ RETURNS trigger /.test(sql)) ||
  /^(aggregate|operator|text search (configuration|dictionary))$/.test(kind);

/** @throws RehearsalImpossible */
export const makePrerequisites = async (
  server: Pick<ScratchServer, 'extensions'>,
  { admin, owner }: PrerequisiteSessions,
  manifest: Manifest,
): Promise<Prerequisites> => {
  const schemas = schemasIn(manifest);
  await admin.query(`SET search_path = ''`);
  await owner.query(`SET search_path = ''`);
  // The backup creates its own.
  if (schemas.includes('public')) await admin.query('DROP SCHEMA public CASCADE');
  const standIns = (manifest.standIns ?? []).filter(({ kind }) => kind !== 'tablespace');
  // The roles in values of type regrole.
  const more = standIns.filter(({ kind }) => kind === 'role').map(({ name }) => nameOf(name));
  await createRoles(admin, [...manifest.roles, ...more]);
  const places = [...standIns, ...manifest.extensions, ...(manifest.databaseExtensions ?? [])]
    .flatMap(({ schema }) => schema ?? [])
    .filter((schema) => !schemas.includes(schema) && !schema.startsWith('pg_'));
  await createSchemas(admin, places);
  const extensions = await createExtensions(admin, server.extensions, manifest);
  // After the extension, which creates the language itself if the server layer has it.
  await createSchemas(admin, schemasOfExtensions(manifest));
  if (standIns.some(({ kind }) => kind === 'server'))
    for (const sql of FOREIGN) await admin.query(sql);
  const methods = await makeMethods(admin, manifest.outside, standIns);
  const { made, bare } = await createStandIns(
    owner,
    standIns.filter(({ kind }) => !['extension', 'role', ...OF_SUPERUSERS].includes(kind)),
  );
  const superusers = [...methods, ...(await makeTransforms(admin, manifest.outside))];
  for (const schema of new Set(places)) {
    await admin.query(`GRANT ALL ON ALL TABLES IN SCHEMA ${identifier(schema)} TO PUBLIC`);
    await admin.query(`GRANT ALL ON ALL SEQUENCES IN SCHEMA ${identifier(schema)} TO PUBLIC`);
  }
  const missing = missingIn(manifest, [...made, ...superusers]);
  return {
    missing: missing.map(({ kind, name }) => ({ kind, name: inMessages(name) })),
    pretended: [
      ...[
        ...made.filter(isCalled),
        ...bare,
        ...superusers.filter(({ pretended }) => pretended),
      ].map(({ kind, name }) => `the ${kind} ${name}`),
      ...extensions.leftOut.map((name) => `the extension ${quoted(name)}`),
    ],
    emptied: made.some(isTable),
    notChecked: [
      ...extensions.notChecked,
      ...missing.map(
        ({ kind, name }) =>
          `${kind} ${name}: it is outside the schema, and no placeholder can replace it`,
      ),
      ...notesOn(manifest, [...made, ...superusers]),
    ],
  };
};

/** Reports which stand-ins match only in form, and which checks that makes impossible. */
const notesOn = (manifest: Manifest, made: readonly Pick<Outside, 'kind' | 'name'>[]): string[] => {
  const needed = new Set(manifest.outside.map(keyOf));
  return made
    .filter((one) => needed.has(keyOf(one)))
    .map(
      ({ kind, name }) =>
        `${kind} ${name}: it is outside the schema; an empty placeholder of its form replaced it`,
    );
};
