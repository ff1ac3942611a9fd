import path from 'node:path';
import { parseArgs } from 'node:util';
import { type DatabaseAddress, parseDatabaseUrl } from '../database/url.ts';
import { DATA_FOLDER } from './endpoints.ts';

/** The options of `npm start`. */
export interface Arguments {
  readonly once: boolean;
  readonly json: boolean;
  /** Each backup of the first run is verified. */
  readonly verify: boolean;
  readonly verbose: boolean;
  /** The user's own database, instead of the demo. */
  readonly database?: DatabaseAddress;
  /** The same database with the restore role's login, if it accepts restores. */
  readonly restore?: DatabaseAddress;
  readonly schemas?: readonly string[];
  /** Absolute. */
  readonly dataDir: string;
  /** Absolute. */
  readonly config: string;
  /** 0 chooses a free one. */
  readonly port: number;
}

export const HELP = `npm start -- [options]

Runs the whole of Larder on this machine, with a demo database or one of yours, and backs it up at once.

  --once                end after the first run: exit status 0 if every backup completed, else 1
  --verify              restore each backup of the first run into a scratch server and compare it; with --once,
                        exit status 1 if one is not as it was taken, or could not be verified
  --json                print one JSON document about the run on standard output, and nothing else there
                        (npm prints two lines of its own there, unless it is told: npm start --silent -- --json)
  --database-url URL    back up this database: postgresql://user:password@host:port/database?sslmode=verify-full
                        (or the variable LARDER_DATABASE_URL; the password may be in PGPASSWORD instead)
  --restore-url URL     let restores write into that database, with this login, its restore role's
                        (or the variable LARDER_RESTORE_URL; without it nothing is ever written there)
  --schemas a,b         these schemas as projects, where the database has no control_plane.projects
  --data-dir DIR        where vault and history stay between starts (.larder)
  --config FILE         the configuration (larder.config.ts)
  --port PORT           of the API (4400; 0 takes a free one)
  --verbose             show what the functions log
  --help                this text
`;

/** The command line asks for something that does not exist. */
export class BadUsage extends Error {
  constructor(problem: string) {
    super(`${problem}\nSee: npm start -- --help`);
    this.name = 'BadUsage';
  }
}

export const DEFAULT_PORT = 4400;
const CONFIG = path.resolve(import.meta.dirname, '..', '..', 'larder.config.ts');

/** A comma-separated list of names; a name with a comma, a quote or a leading or trailing space is written in double quotes. */
export const namesOf = (list: string): string[] => {
  const names: string[] = [];
  let rest = list.trim();
  while (rest !== '') {
    const [whole = '', quoted, plain] =
      /^\s*(?:"((?:[^"]|"")*)"|([^,]*))\s*(?:,|$)/.exec(rest) ?? [];
    const name = quoted === undefined ? (plain ?? '').trim() : quoted.replaceAll('""', '"');
    if (whole === '' || name === '') throw new BadUsage(`--schemas has an empty name: ${list}`);
    names.push(name);
    rest = rest.slice(whole.length);
  }
  return names;
};

const portOf = (text: string): number => {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new BadUsage(`--port ${text}: give a number from 0 to 65535`);
};

/** @throws BadUsage; undefined if help was requested */
export const readArguments = (
  argv: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Arguments | undefined => {
  const { values } = parsed(argv);
  if (values.help) return undefined;
  const databaseUrl = values['database-url'] ?? environment.LARDER_DATABASE_URL;
  if (values.schemas !== undefined && !databaseUrl) {
    throw new BadUsage('--schemas goes with --database-url: the demo has its own projects');
  }
  const restoreUrl = values['restore-url'] ?? environment.LARDER_RESTORE_URL;
  if (values['restore-url'] !== undefined && !databaseUrl) {
    throw new BadUsage('--restore-url goes with --database-url: the demo has its own restore role');
  }
  const database = databaseUrl ? addressOf('--database-url', databaseUrl, environment) : undefined;
  const restore =
    database && restoreUrl ? addressOf('--restore-url', restoreUrl, environment) : undefined;
  if (database && restore && !isSamePlace(database, restore)) {
    throw new BadUsage('--restore-url: give the same host, port and database as --database-url');
  }
  if (database && restore && database.user === restore.user) {
    throw new BadUsage(
      '--restore-url: give the login of another role than --database-url; docs/roles.md says what each may do',
    );
  }
  if (values['data-dir'] === '') throw new BadUsage('--data-dir: give the name of a folder');
  return {
    once: values.once,
    json: values.json,
    verify: values.verify,
    verbose: values.verbose,
    ...(database ? { database } : {}),
    ...(restore ? { restore } : {}),
    ...(values.schemas === undefined ? {} : { schemas: schemasOf(values.schemas) }),
    dataDir: path.resolve(values['data-dir']),
    config: path.resolve(values.config ?? CONFIG),
    port: portOf(values.port),
  };
};

const addressOf = (
  option: string,
  url: string,
  environment: NodeJS.ProcessEnv,
): DatabaseAddress => {
  try {
    return parseDatabaseUrl(url, environment);
  } catch (error) {
    throw new BadUsage(`${option}: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const isSamePlace = (one: DatabaseAddress, other: DatabaseAddress): boolean =>
  one.host === other.host && one.port === other.port && one.database === other.database;

const schemasOf = (list: string): string[] => {
  const names = namesOf(list);
  if (names.length === 0) throw new BadUsage('--schemas: give at least one name');
  return [...new Set(names)];
};

const parsed = (argv: readonly string[]) => {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        once: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        verify: { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
        'database-url': { type: 'string' },
        'restore-url': { type: 'string' },
        schemas: { type: 'string' },
        'data-dir': { type: 'string', default: DATA_FOLDER },
        config: { type: 'string' },
        port: { type: 'string', default: String(DEFAULT_PORT) },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new BadUsage(error instanceof Error ? error.message : String(error));
  }
};
