import { userInfo } from 'node:os';

/**
 * A database of the user's own, named by a URL. TLS is fully verified unless the server is on this machine; a message
 * tells if the URL asks for more or less. For example, `sslmode=require` verifies nothing in libpq.
 */
export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly tls: 'verify-full' | 'disable';
  /** Why TLS is used in this way, for people. */
  readonly tlsReason: string;
  /** File with the certificate authority in PEM; `system` means the authorities that Node trusts. */
  readonly rootCertificate?: string;
}

export class BadDatabaseUrl extends Error {
  constructor(problem: string) {
    super(
      `The database URL ${problem}. It should look like postgresql://user:password@host:5432/database (the password may be in PGPASSWORD instead).`,
    );
    this.name = 'BadDatabaseUrl';
  }
}

const LOCAL = /^(localhost|127(\.\d+){3}|\[?::1\]?)$/i;
const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];
const KNOWN = new Set(['sslmode', 'sslrootcert', 'application_name', 'connect_timeout']);

/** @throws BadDatabaseUrl, which never contains the URL or a part of its password */
export const parseDatabaseUrl = (
  text: string,
  environment: NodeJS.ProcessEnv = process.env,
): DatabaseAddress => {
  if (!/^postgres(ql)?:\/\//.test(text))
    throw new BadDatabaseUrl('begins with neither postgresql:// nor postgres://');
  if (!URL.canParse(text))
    throw new BadDatabaseUrl("can't be read; write special characters in the password as %XX");
  const url = new URL(text);
  const parameters = url.searchParams;
  for (const name of parameters.keys()) {
    if (name === 'host')
      throw new BadDatabaseUrl('names a socket; give host and port of a TCP connection');
    if (!KNOWN.has(name))
      throw new BadDatabaseUrl(`has a parameter "${name}", which is not supported`);
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (host === '') throw new BadDatabaseUrl('names no host');
  const user = decoded(url.username) || environment.PGUSER || userInfo().username;
  const rootCertificate = parameters.get('sslrootcert');
  return {
    host,
    port: url.port === '' ? 5432 : Number(url.port),
    database: decoded(url.pathname.slice(1)) || user,
    user,
    password: decoded(url.password) || environment.PGPASSWORD || '',
    ...tlsOf(host, parameters.get('sslmode')),
    ...(rootCertificate ? { rootCertificate } : {}),
  };
};

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new BadDatabaseUrl('has a % that begins no %XX');
  }
};

const tlsOf = (host: string, mode: string | null): Pick<DatabaseAddress, 'tls' | 'tlsReason'> => {
  if (mode !== null && !SSL_MODES.includes(mode)) {
    throw new BadDatabaseUrl(`has sslmode=${mode}, which is none of ${SSL_MODES.join(', ')}`);
  }
  const local = LOCAL.test(host);
  if (mode === null && local) {
    return { tls: 'disable', tlsReason: 'without TLS, since the server is on this machine' };
  }
  if (mode === 'disable') {
    const warning = local
      ? ''
      : '; everyone on the network path can read the data and the password';
    return { tls: 'disable', tlsReason: `without TLS, as sslmode=disable asks${warning}` };
  }
  const more =
    mode === null || mode === 'verify-full'
      ? ''
      : `; sslmode=${mode} would check less, but Larder always checks both`;
  return { tls: 'verify-full', tlsReason: `with TLS, certificate and host name checked${more}` };
};

/** The contents of the secret, as Secrets Manager would hold it. */
export const secretOf = ({
  user,
  password,
  host,
  port,
  database,
}: Pick<DatabaseAddress, 'user' | 'password' | 'host' | 'port' | 'database'>): string =>
  `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host.includes(':') ? `[${host}]` : host}:${port}/${encodeURIComponent(database)}`;
