import type pg from 'pg';
import { identifier } from '../../adapters/postgres/sql/identifiers.ts';
import { SHARED_PROCESS } from './run-folder.ts';
import { type RunningServer, withSession } from './running-server.ts';

/**
 * Servers that test files of one process pass on to each other, because starting one takes a second. What a file has created is removed:
 * its databases, its roles. A server that is then not as it was when it was new (a setting, a changed role, an object in the database
 * `postgres`) is not kept. The process leaves its servers to the end of the run: see run-folder.ts.
 */
const isShared = process.env[SHARED_PROCESS] !== undefined;
const idle = new Map<number, RunningServer[]>();
/** For servers that may be kept: their state when they were new, and their roles. */
const untouched = new WeakMap<
  RunningServer,
  { readonly state: string; readonly roles: string[] }
>();

export const takeIdle = (major: number): RunningServer | undefined => idle.get(major)?.pop();

/** Remembers the state of a server that was not used yet. */
export const noteUntouched = async (running: RunningServer): Promise<void> => {
  if (!isShared) return;
  await withSession(running.port, undefined, async (client) => {
    untouched.set(running, { state: await stateOf(client), roles: await rolesOf(client) });
  });
};

/** @returns true if the server is kept for the next file; otherwise the caller ends it */
export const keepIdle = async (running: RunningServer): Promise<boolean> => {
  const before = untouched.get(running);
  if (!before) return false;
  try {
    await withSession(running.port, undefined, async (client) => {
      await client.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename IS NOT NULL',
      );
      for (const name of await databasesOf(client))
        await client.query(`DROP DATABASE ${identifier(name)} WITH (FORCE)`);
      const made = (await rolesOf(client)).filter((role) => !before.roles.includes(role));
      for (const role of made) await client.query(`DROP OWNED BY ${identifier(role)}`);
      // All at once: some may be members of others, or may have granted membership.
      if (made.length) await client.query(`DROP ROLE ${made.map(identifier).join(', ')}`);
      const now = await stateOf(client);
      if (now !== before.state) throw new Error('it is not as it was');
    });
  } catch {
    return false;
  }
  idle.set(running.major, [...(idle.get(running.major) ?? []), running]);
  return true;
};

const namesOf = async (client: pg.Client, sql: string): Promise<string[]> => {
  const { rows } = await client.query<{ name: string }>(sql);
  return rows.map(({ name }) => name);
};

const rolesOf = (client: pg.Client): Promise<string[]> =>
  namesOf(client, "SELECT rolname AS name FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1");

const databasesOf = (client: pg.Client): Promise<string[]> =>
  namesOf(
    client,
    "SELECT datname AS name FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1')",
  );

const stateOf = async (client: pg.Client): Promise<string> => {
  const { rows } = await client.query<{ state: string }>(STATE);
  return rows[0]?.state ?? '';
};

/** Everything that a test could change for the whole server, and the contents of its database `postgres`. */
const STATE = `
SELECT json_build_array(
  (SELECT json_agg(r ORDER BY rolname) FROM pg_authid r),
  (SELECT json_agg(array[roleid::regrole::text, member::regrole::text, to_jsonb(m)::text] ORDER BY 1) FROM pg_auth_members m),
  (SELECT json_agg(s ORDER BY s::text) FROM pg_db_role_setting s),
  (SELECT json_agg(array[datname, datdba::regrole::text, datacl::text, datconnlimit::text, datallowconn::text] ORDER BY datname) FROM pg_database),
  (SELECT json_agg(array[spcname, spcacl::text] ORDER BY spcname) FROM pg_tablespace),
  (SELECT json_agg(array[name, setting] ORDER BY name) FROM pg_file_settings),
  (SELECT count(*) FROM pg_replication_slots), (SELECT count(*) FROM pg_subscription), (SELECT count(*) FROM pg_prepared_xacts),
  (SELECT count(*) FROM pg_shdescription), (SELECT count(*) FROM pg_shseclabel), (SELECT count(*) FROM pg_parameter_acl),
  (SELECT json_agg(array[nspname, nspowner::regrole::text, nspacl::text] ORDER BY nspname) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp'),
  (SELECT count(*) FROM pg_class WHERE relpersistence <> 't'), (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_type WHERE typnamespace::regnamespace::text !~ '^pg_(toast_)?temp'),
  (SELECT count(*) FROM pg_operator), (SELECT count(*) FROM pg_cast), (SELECT count(*) FROM pg_opclass), (SELECT count(*) FROM pg_collation),
  (SELECT json_agg(extname ORDER BY extname) FROM pg_extension), (SELECT count(*) FROM pg_event_trigger), (SELECT count(*) FROM pg_language),
  (SELECT count(*) FROM pg_default_acl), (SELECT count(*) FROM pg_init_privs), (SELECT count(*) FROM pg_publication), (SELECT count(*) FROM pg_foreign_server),
  (SELECT count(*) FROM pg_largeobject_metadata), (SELECT count(*) FROM pg_description), (SELECT count(*) FROM pg_seclabel),
  (SELECT count(*) FROM pg_am), (SELECT count(*) FROM pg_transform), (SELECT count(*) FROM pg_ts_config)
)::text AS state`;
