import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import pg from 'pg';
import { identifier } from '../../../../adapters/postgres/sql/identifiers.ts';
import { describeDatabase } from '../../../support/compare-databases.ts';
import { clientPrograms, PASSWORD, type Postgres } from '../../../support/postgres.ts';
import { roleScript } from '../../../support/roles.ts';
import { SURROUNDINGS, type Tenant } from './schemas.ts';

const ROLES = ['app_owner', 'app_other', 'victim_owner', 'passer', 'reader'];

/** The name of a database that has all but the tenant, to be copied. */
export const makeTemplate = async (postgres: Postgres): Promise<string> => {
  for (const role of ROLES)
    await postgres.sql(`CREATE ROLE ${role} LOGIN PASSWORD ${pg.escapeLiteral(PASSWORD)}`);
  const database = await postgres.database();
  await postgres.sql('GRANT app_other TO app_owner');
  await postgres.sql(SURROUNDINGS, database);
  await postgres.sql(roleScript('restore', PASSWORD), database);
  await postgres.sql(roleScript('restore-projects', PASSWORD), database);
  await postgres.sql('GRANT app_other, victim_owner, passer, reader TO larder_restore', database);
  return database;
};

export const copyOf = async (postgres: Postgres, template: string): Promise<string> => {
  const name = await postgres.database();
  await postgres.sql(`DROP DATABASE ${name}`);
  await postgres.sql(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  await postgres.sql(`GRANT CREATE ON DATABASE ${name} TO app_owner, larder_restore`);
  return name;
};

const AS = /^as (\w+): /;

/** Creates the tenant as its own roles, never as a role whose rights its code could use. @returns the accepted statements */
export const makeTenant = async (
  postgres: Postgres,
  database: string,
  { schema, path, steps }: Tenant,
): Promise<readonly string[]> => {
  const quotedSchema = identifier(schema);
  const sessions = new Map<string, pg.Client>();
  const sessionOf = async (role: string): Promise<pg.Client> => {
    const open = sessions.get(role) ?? (await postgres.session(database, role));
    sessions.set(role, open);
    return open;
  };
  try {
    const owner = await sessionOf('app_owner');
    await owner.query(`CREATE SCHEMA ${quotedSchema}`);
    await postgres.sql(
      `INSERT INTO control_plane.projects VALUES ('acme', 'Acme', ${pg.escapeLiteral(schema)}, 'ACTIVE')`,
      database,
    );
    const taken: string[] = [];
    for (const step of steps) {
      const client = await sessionOf(AS.exec(step)?.[1] ?? 'app_owner');
      const sql = step.replace(AS, '').replaceAll('§', () => quotedSchema);
      await client.query(`SET search_path = ${quotedSchema}, ${path}`);
      try {
        await client.query(sql);
        taken.push(step);
      } catch (error) {
        if (!(error instanceof pg.DatabaseError)) throw error;
      }
    }
    return taken;
  } finally {
    for (const session of sessions.values()) await session.end();
  }
};

const run = promisify(execFile);
const env = { PGPASSWORD: PASSWORD, PATH: process.env.PATH ?? '' };

const programsOf = async (major: number) => {
  const found = (await clientPrograms()).clients.find((one) => one.major === major);
  if (!found) throw new Error(`no programs of ${major}`);
  return found;
};

const loginTo = ({ port }: Postgres, database: string): string[] => [
  ...['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-d', database],
];

/** The dump of a database without these schemas, without what differs with each dump. */
export const dumpWithout = async (
  postgres: Postgres,
  database: string,
  ...schemas: readonly string[]
): Promise<string> => {
  const { pgDump } = await programsOf(postgres.major);
  const without = schemas.flatMap((schema) => ['-N', patternOf(schema)]);
  const { stdout } = await run(pgDump, [...loginTo(postgres, database), ...without], {
    env,
    maxBuffer: 1e9,
  });
  // Entries are sorted here: pg_dump's order depends on the rest of the database.
  return stdout
    .replace(/^\\(un)?restrict .*$/gm, '')
    .replace(/^SET default_.*$/gm, '')
    .split(/^--\n(?=-- (?:Data for )?Name: )/m)
    .map((entry) => entry.trim())
    .sort()
    .join('\n');
};

/** `pg_dump | psql` into another database, which continues after errors. */
export const pipeInto = async (
  postgres: Postgres,
  from: string,
  to: string,
  schema: string,
): Promise<void> => {
  const { pgDump, psql } = await programsOf(postgres.major);
  const { stdout } = await run(pgDump, [...loginTo(postgres, from), '-n', patternOf(schema)], {
    env,
    maxBuffer: 1e9,
  });
  const running = run(psql, [...loginTo(postgres, to), '-X', '-q', '-o', '/dev/null'], {
    env,
    maxBuffer: 1e8,
  });
  running.child.stdin?.end(stdout);
  await running;
};

/** A pattern for pg_dump that matches that name and no other. */
const patternOf = (schema: string): string => `"${schema.replaceAll('"', '""')}"`;

/** A database's description of itself, with some names exchanged temporarily. */
export const factsOf = async (
  postgres: Postgres,
  database: string,
  renames: readonly { readonly from: string; readonly to: string }[] = [],
) => {
  const client = await postgres.session(database);
  try {
    await client.query('BEGIN');
    for (const { from, to } of renames)
      await client.query(`ALTER SCHEMA ${identifier(from)} RENAME TO ${identifier(to)}`);
    return await describeDatabase(client);
  } finally {
    await client.end();
  }
};

/** Roles and their members. */
export const rolesOf = async (postgres: Postgres): Promise<string> => {
  const { rows } = await postgres.sql(
    `SELECT r.rolname, r.rolsuper, r.rolcanlogin, (SELECT array_agg(m.member::regrole::text || m.admin_option::text ORDER BY 1) FROM pg_auth_members m WHERE m.roleid = r.oid) AS members,
       (SELECT array_agg(s.setconfig::text ORDER BY 1) FROM pg_db_role_setting s WHERE s.setrole = r.oid) AS settings FROM pg_roles r ORDER BY 1`,
  );
  return JSON.stringify(rows);
};

/** What the views of a schema show to their owner, who has no rights over others that their code could use; an error by its code. */
export const rowsOfViews = async (
  postgres: Postgres,
  database: string,
  schema: string,
): Promise<ReadonlyMap<string, string>> => {
  const client = await postgres.session(database, 'app_owner');
  try {
    const { rows: views } = await client.query<{ name: string }>(
      "SELECT relname AS name FROM pg_class WHERE relkind = 'v' AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)",
      [schema],
    );
    const shown = new Map<string, string>();
    for (const { name } of views) {
      const sql = `SELECT count(*) || ' ' || COALESCE(md5(string_agg(v::text, '|' ORDER BY v::text COLLATE "C")), '') AS rows FROM ${identifier(schema)}.${identifier(name)} v`;
      const rows = await client.query<{ rows: string }>(sql).then(
        (found) => found.rows[0]?.rows ?? '',
        (error: pg.DatabaseError) => `error ${error.code}`,
      );
      shown.set(name, rows);
    }
    return shown;
  } finally {
    await client.end();
  }
};
