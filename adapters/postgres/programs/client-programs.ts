import { ServerTooNew, TlsRefused } from '../../../core/errors/source.ts';
import { chooseMajor } from '../../../core/programs.ts';
import type { ServerFacts } from '../../../core/snapshot-ports.ts';
import type { Login } from '../../secrets/credentials.ts';
import { VALUE_SETTINGS } from '../session/copy-settings.ts';
import type { SourceAccess } from '../session/session.ts';
import { commonSettings, startupOptions } from '../session/session-settings.ts';
import { conninfoValue } from '../sql/identifiers.ts';
import { type ClientPrograms, findProgramFiles, majorsOf } from './program-files.ts';

/**
 * How PostgreSQL's own programs are started on a source: the right major, a new environment that holds nothing of ours except the login,
 * and no password in an argument list.
 */
export interface ProgramAccess extends SourceAccess {
  /** Folders that hold `<major>/bin/pg_dump`. */
  readonly programRoots: readonly string[];
}

export interface OpenPrograms {
  readonly programs: ClientPrograms;
  readonly login: Login;
  readonly environment: NodeJS.ProcessEnv;
}

const LOCK_TIMEOUT_MS = 5000;

/** libpq reads no keepalives from the environment, so they are in the connection string, which holds no secret. */
export const connectionString = ({ settings }: SourceAccess, login: Login): string =>
  Object.entries({
    host: settings.host,
    port: String(settings.port),
    dbname: settings.database,
    user: login.user,
    connect_timeout: '10',
    keepalives_idle: '10',
    keepalives_interval: '5',
    keepalives_count: '4',
    tcp_user_timeout: '30000',
  })
    .map(([name, value]) => `${name}=${conninfoValue(value)}`)
    .join(' ');

const environmentOf = (
  { settings }: SourceAccess,
  login: Login,
  rootCertificate: string | undefined,
  applicationName: string,
): NodeJS.ProcessEnv => ({
  PGPASSWORD: login.password,
  PGAPPNAME: applicationName,
  PGOPTIONS: startupOptions({
    ...commonSettings(),
    ...VALUE_SETTINGS,
    lock_timeout: LOCK_TIMEOUT_MS,
  }),
  PGSSLMODE: settings.tls,
  ...(rootCertificate ? { PGSSLROOTCERT: rootCertificate } : {}),
  // A private service or password file of the account must not redirect the dump.
  PGSYSCONFDIR: '/nonexistent',
  PGPASSFILE: '/dev/null',
  HOME: '/nonexistent',
  TMPDIR: '/tmp',
  LC_ALL: 'C.UTF-8',
});

/** The programs of the right major for a server. @throws ServerTooNew */
export const choosePrograms = async (
  { programRoots }: Pick<ProgramAccess, 'programRoots'>,
  server: Pick<ServerFacts, 'major'>,
): Promise<{ readonly programs: ClientPrograms; readonly rdsCertificates: string | undefined }> => {
  const { clients, rdsCertificates } = await findProgramFiles(...programRoots);
  const major = chooseMajor(server.major, majorsOf(clients));
  const programs = clients.find((client) => client.major === major);
  if (!programs) throw new ServerTooNew(server.major, majorsOf(clients));
  return { programs, rdsCertificates };
};

/** @throws ServerTooNew, TlsRefused, SecretUnreadable */
export const openPrograms = async (
  access: ProgramAccess,
  { server, applicationName }: { readonly server: ServerFacts; readonly applicationName: string },
): Promise<OpenPrograms> => {
  const { settings } = access;
  const { programs, rdsCertificates } = await choosePrograms(access, server);
  const rootCertificate = access.caFile ?? rdsCertificates;
  if (settings.tls !== 'disable' && !rootCertificate) {
    throw new TlsRefused(settings.name, 'there is no certificate authority to check it against');
  }
  const login = await access.credentials();
  return {
    programs,
    login,
    environment: environmentOf(access, login, rootCertificate, applicationName),
  };
};
