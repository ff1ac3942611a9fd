import { type Manifest, schemasIn } from '../../core/manifest.ts';
import { printedIdentifier, printedLiteral } from '../../core/printed-sql.ts';

/** Roles that every server has. */
const isGiven = (role: string): boolean => role.startsWith('pg_');

/** One per line: a terminal accepts lines of at most 4,096 bytes. */
const valuesOf = (names: readonly string[]): string =>
  names.map((name) => `  (${printedLiteral(name)})`).join(',\n');

/**
 * Creates missing roles, without login and password, and lets the restoring login (the psql variable `login`) give objects to
 * those that are not superusers.
 */
export const createRoles = ({ roles }: Manifest): string => {
  const wanted = roles.filter((role) => !isGiven(role));
  if (!wanted.length) return '';
  const names = `FROM (VALUES\n${valuesOf(wanted)}\n) AS wanted (name)`;
  return [
    "SELECT pg_catalog.format('CREATE ROLE %I NOLOGIN', name)",
    names,
    'WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted.name)',
    '\\gexec',
    "SELECT pg_catalog.format('GRANT %I TO %I', r.rolname, :'login')",
    `${names} JOIN pg_catalog.pg_roles r ON r.rolname = wanted.name`,
    "WHERE NOT r.rolsuper AND NOT pg_catalog.pg_has_role(:'login', r.oid, 'MEMBER')",
    '\\gexec',
  ].join('\n');
};

/** The file itself creates extensions that are in the backup's own schemas. */
export const createExtensions = (manifest: Manifest): string => {
  const own = schemasIn(manifest);
  return manifest.extensions
    .filter(({ name, schema }) => name !== 'plpgsql' && !own.includes(schema))
    .flatMap(({ name, schema }) => [
      ...(['public', 'pg_catalog'].includes(schema)
        ? []
        : [`CREATE SCHEMA IF NOT EXISTS ${printedIdentifier(schema)};`]),
      `CREATE EXTENSION IF NOT EXISTS ${printedIdentifier(name)} SCHEMA ${printedIdentifier(schema)};`,
    ])
    .join('\n');
};
