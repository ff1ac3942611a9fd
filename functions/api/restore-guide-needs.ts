import { type Manifest, schemasIn } from '../../core/manifest.ts';
import { identifier, literal } from './restore-guide-text.ts';

/** Roles that are in every server. */
const isGiven = (role: string): boolean => role.startsWith('pg_');

/** Roles that are missing, without login and password. */
export const createRoles = ({ roles }: Manifest): string => {
  const wanted = roles.filter((role) => !isGiven(role));
  if (!wanted.length) return '';
  const names = wanted.map((role) => `(${literal(role)})`).join(', ');
  return [
    "SELECT pg_catalog.format('CREATE ROLE %I NOLOGIN', name)",
    `FROM (VALUES ${names}) AS wanted (name)`,
    'WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted.name)',
    '\\gexec',
  ].join('\n');
};

/** Those that live in the backup's own schemas are created by the file itself. */
export const createExtensions = (manifest: Manifest): string => {
  const own = schemasIn(manifest);
  return manifest.extensions
    .filter(({ name, schema }) => name !== 'plpgsql' && !own.includes(schema))
    .flatMap(({ name, schema }) => [
      ...(['public', 'pg_catalog'].includes(schema)
        ? []
        : [`CREATE SCHEMA IF NOT EXISTS ${identifier(schema)};`]),
      `CREATE EXTENSION IF NOT EXISTS ${identifier(name)} SCHEMA ${identifier(schema)};`,
    ])
    .join('\n');
};
