import type { Manifest } from '../../core/manifest.ts';
import { inline, lines } from './restore-guide-text.ts';

/**
 * A backup contains the tenant's own code, and some of it runs during a restore, with the rights of the restoring login.
 * With a superuser's rights, a check may run a program on the database server (COPY ... TO PROGRAM). So the guide's commands refuse such logins.
 * https://www.postgresql.org/docs/current/predefined-roles.html
 */
export const CHECK_FILE = './larder-check.sql';

/** For psql: fails if the login is a superuser, or may become one, or can access the server's files and programs. */
export const CHECK_SQL = lines(
  'DO $check$',
  'BEGIN',
  '  IF EXISTS (',
  '    SELECT FROM pg_catalog.pg_roles',
  "    WHERE (rolsuper OR rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'))",
  "      AND pg_catalog.pg_has_role(session_user, oid, 'MEMBER')",
  '  ) THEN',
  "    RAISE EXCEPTION 'the login % is a superuser, can become one, or may run programs and read files on the server', session_user",
  "      USING HINT = 'Code in the backup would run with these rights. Restore with another login.';",
  '  END IF;',
  'END',
  '$check$;',
);

const NAMED = 20;

const nameOf = ({ schema, name }: { readonly schema: string; readonly name: string }): string =>
  `${schema}.${name}`;

interface Code {
  readonly what: string;
  readonly names: readonly string[];
}

const defined = ({ definitions = [] }: Manifest, kind: string): string[] =>
  definitions.filter((one) => one.kind === kind).map(({ name }) => name);

/** All kinds of objects that can contain code, according to the manifest; the oldest manifests have no definitions. */
const codeOf = (manifest: Manifest): readonly Code[] => [
  { what: 'Functions', names: manifest.functions.map(nameOf) },
  { what: 'Triggers', names: manifest.triggers.map(nameOf) },
  { what: 'Policies', names: manifest.policies.map(nameOf) },
  { what: 'Views', names: manifest.views.map(nameOf) },
  {
    what: 'Materialized views',
    names: manifest.tables.filter(({ kind }) => kind === 'materialized-view').map(nameOf),
  },
  { what: 'Types and domains', names: manifest.types.map(nameOf) },
  { what: 'Rules', names: defined(manifest, 'rule') },
  { what: 'Constraints', names: defined(manifest, 'constraint') },
  { what: 'Indexes', names: defined(manifest, 'index') },
];

const codeLine = ({ what, names }: Code): string => {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `- ${what} (${names.length}): ${names.slice(0, NAMED).map(inline).join(', ')}${more}`;
};

export const codeSection = (manifest: Manifest): string => {
  const found = codeOf(manifest).filter(({ names }) => names.length);
  return lines(
    'Use a login that is **not a superuser** for the restore, preferably a new one that you drop afterwards. The backup holds code of the tenant. Checks of tables and domains, expressions of indexes, defaults and generated columns, queries of materialized views and all functions that they call run while it is restored, with the rights of that login. As a superuser, one check could run a program on the database server (`COPY ... TO PROGRAM`). The commands below stop at such a login.',
    '',
    found.length
      ? lines(
          'These objects of the backup can hold code, besides the defaults and generated columns of its tables:',
          '',
          ...found.map(codeLine),
        )
      : 'Besides the defaults and generated columns of its tables, the backup has no objects that can hold code.',
  );
};
