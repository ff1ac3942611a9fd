import { createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeProjectSource } from '../../../../adapters/postgres/projects/project-source.ts';
import type { SourceAccess } from '../../../../adapters/postgres/session/session.ts';
import { makeSnapshotSource } from '../../../../adapters/postgres/snapshot/snapshot.ts';
import { identifier, qualified } from '../../../../adapters/postgres/sql/identifiers.ts';
import { uuidv7 } from '../../../../core/ids.ts';
import { tableKey } from '../../../../core/manifest.ts';
import { type SourceSettings, sourceSettings } from '../../../../core/settings.ts';
import type { Snapshot } from '../../../../core/snapshot-ports.ts';
import {
  clientRoot,
  freePort,
  PASSWORD,
  type Postgres,
  startPostgres,
} from '../../../support/postgres.ts';
import { BACKUP_ROLE } from '../../../support/roles.ts';
import { dumped } from '../dumped.ts';

let postgres: Postgres;
let database: string;
beforeAll(async () => {
  postgres = await startPostgres(18);
  database = await postgres.database();
});
afterAll(async () => {
  await postgres.stop();
});

const accessTo = (
  given: Partial<SourceSettings> = {},
  user = BACKUP_ROLE,
  password = PASSWORD,
): SourceAccess => ({
  settings: sourceSettings.parse({
    name: 'main',
    host: '127.0.0.1',
    port: postgres.port,
    database,
    auth: { type: 'secret', secretArn: 'arn:aws:secretsmanager:eu-central-1:1:secret:x' },
    tls: 'disable',
    ...given,
  }),
  credentials: async () => ({ user, password }),
});

const QUERY = 'SELECT id, name, schema_name, status FROM projects';
const NOBODY = "SELECT 'a' AS id, 'A' AS name, 'a' AS schema_name, 'ACTIVE' AS status WHERE false";
const list = (access: SourceAccess) => makeProjectSource(access).listProjects();
const failure = async (work: Promise<unknown>): Promise<Error> =>
  await work.then(
    () => {
      throw new Error('it should have failed');
    },
    (error: Error) => error,
  );

describe('a source that cannot be used reports why', () => {
  it.each<[string, () => SourceAccess | Promise<SourceAccess>, string, string]>([
    [
      'a wrong password',
      () => accessTo({}, 'postgres', 'wrong'),
      'LoginRefused',
      'the password is wrong',
    ],
    [
      'a secret without a password',
      () => accessTo({}, BACKUP_ROLE, ''),
      'LoginRefused',
      'the server asks for a password, and the secret has none',
    ],
    ['an unknown user', () => accessTo({}, 'nobody'), 'LoginRefused', '"nobody"'],
    ['no such database', () => accessTo({ database: 'no such' }), 'DatabaseNotFound', '"no such"'],
    [
      'nothing listening',
      async () => accessTo({ port: await freePort() }),
      'SourceUnreachable',
      'ECONNREFUSED',
    ],
    [
      'an unknown host',
      () => accessTo({ host: 'no-such-host.invalid' }),
      'SourceUnreachable',
      'no-such-host.invalid',
    ],
    ['a server without TLS', () => accessTo({ tls: 'verify-full' }), 'TlsRefused', 'tls'],
    [
      'a query that is none',
      () => accessTo({ projectQuery: 'SELEC' }),
      'InvalidInput',
      'id, name, schema_name',
    ],
    [
      'a query of other columns',
      () => accessTo({ projectQuery: 'SELECT 1 AS id' }),
      'InvalidInput',
      'schema_name',
    ],
  ])('%s', async (_, access, name, words) => {
    const error = await failure(list(await access()));
    expect(error.name).toBe(name);
    expect(error.message).toContain(words);
    expect(error.message).not.toContain(PASSWORD);
  });

  it('a password that is rotated meanwhile is read again, and a wrong one is tried again later', async () => {
    const refused: string[] = [];
    const credentials: SourceAccess['credentials'] = async (login) => {
      if (login) refused.push(login.password);
      return { user: BACKUP_ROLE, password: login ? PASSWORD : 'the old one' };
    };
    expect(await list({ ...accessTo({ projectQuery: NOBODY }), credentials })).toEqual([]);
    expect(refused).toEqual(['the old one']);
    const wrong = accessTo({ projectQuery: NOBODY }, BACKUP_ROLE, 'wrong');
    await expect(list(wrong)).rejects.toMatchObject({ name: 'LoginRefused', retryable: true });
    await expect(list(accessTo({}, BACKUP_ROLE, ''))).rejects.toMatchObject({ retryable: false });
  });

  it('a pooler that refuses options is named with the alternative', async () => {
    const sockets: Socket[] = [];
    const pooler = createServer((socket) => {
      sockets.push(socket);
      socket.once('data', () => {
        const fields = ['SFATAL', 'C08P01', 'Munsupported startup parameter: options', ''];
        const body = Buffer.from(fields.map((field) => `${field}\0`).join(''));
        const head = Buffer.alloc(5);
        head.write('E');
        head.writeInt32BE(body.length + 4, 1);
        socket.end(Buffer.concat([head, body]));
      });
    });
    await new Promise<void>((resolve) => pooler.listen(0, '127.0.0.1', resolve));
    const address = pooler.address();
    const port = address && typeof address === 'object' ? address.port : 0;
    const error = await failure(list(accessTo({ port })));
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => pooler.close(resolve));
    expect(error.name).toBe('PoolerInTransactionMode');
    expect(error.message).toContain('session mode');
  });
});

describe('projects', () => {
  it('are looked up by exactly their id, whatever it contains', async () => {
    await postgres.sql(
      `CREATE TABLE public.projects (id text, name text, schema_name text, status text)`,
      database,
    );
    const source = makeProjectSource(accessTo({ projectQuery: `${QUERY} -- all of them` }));
    const ids = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 20 })
      .filter((id) => !id.includes('\0'));
    const client = await postgres.session(database);
    await fc.assert(
      fc.asyncProperty(ids, async (id) => {
        fc.pre(id.isWellFormed());
        await client.query('TRUNCATE projects');
        await client.query(
          `INSERT INTO projects VALUES ($1, 'n', $1, 'ACTIVE'), ('other', 'o', 'o', 'ACTIVE')`,
          [id],
        );
        expect((await source.findProject(id))?.id).toBe(id);
      }),
      {
        numRuns: 40,
        examples: [["'; DROP TABLE projects; --"], ['%'], ['\\'], ['a\nb'], ['../x'], ['😀']],
      },
    );
    await client.end();
    expect(await source.findProject('a\0b')).toBeUndefined();
  });

  it('that lack something in the listing do not hide the others', async () => {
    const projectQuery = `SELECT * FROM (VALUES (NULL, 'n', 's', 'ACTIVE'), ('b', NULL, NULL, NULL), ('c', 'C', 'c', 'ACTIVE'))
      AS listed (id, name, schema_name, status)`;
    expect(await list(accessTo({ projectQuery, idPrefix: 'x-' }))).toEqual([
      { id: 'x-b', name: '', schemaName: '', status: '' },
      { id: 'x-c', name: 'C', schemaName: 'c', status: 'ACTIVE' },
      { id: '', name: 'n', schemaName: 's', status: 'ACTIVE' },
    ]);
  });

  it('whose values are huge are read only far enough to show that they are too long', async () => {
    const projectQuery = `SELECT id, pg_catalog.repeat('ä', 210000) AS name, 's' AS schema_name, 'ACTIVE' AS status
      FROM (VALUES ('a'), (pg_catalog.repeat('x', 210000))) AS listed (id)`;
    const found = await list(accessTo({ projectQuery }));
    expect(found.map(({ id, name }) => [id.length, name.length])).toEqual([
      [1, 1025],
      [129, 1025],
    ]);
  });

  it('of a source with a prefix have it, and only those with it are found', async () => {
    const source = makeProjectSource(accessTo({ idPrefix: 'eu-', schemas: ['one', 'two'] }));
    expect((await source.listProjects()).map(({ id }) => id)).toEqual(['eu-one', 'eu-two']);
    expect(await source.findProject('one')).toBeUndefined();
    expect((await source.findProject('eu-one'))?.schemaName).toBe('one');
  });
});

const openOn = async (schema: string, access = accessTo()): Promise<Snapshot> => {
  const source = makeSnapshotSource({ ...access, programRoots: [await clientRoot()] });
  return await source.open({
    backupId: uuidv7(Date.now()),
    attempt: 1,
    schemas: [schema],
    content: 'full',
    lockTimeoutMs: 5000,
    giveWayAfterSeconds: 10,
    partitionsElsewhere: 'refuse',
  });
};

const withSnapshot = async <T>(
  schema: string,
  look: (snapshot: Snapshot) => Promise<T>,
): Promise<T> => {
  const snapshot = await openOn(schema);
  try {
    return await look(snapshot);
  } finally {
    await snapshot.close();
  }
};

describe('a dump', () => {
  it('is of exactly the requested schema, whatever it and its neighbors are named', async () => {
    const names = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 12 })
      .filter(
        (name) =>
          name.isWellFormed() &&
          !name.includes('\0') &&
          !/^pg_/.test(name) &&
          Buffer.byteLength(name) < 60,
      );
    const client = await postgres.session(database);
    const check = async (name: string): Promise<void> => {
      const neighbors = [
        `${name}x`,
        `x${name}`,
        name.replace(/[*?.|]/g, 'y'),
        name.toUpperCase(),
        name.toLowerCase(),
      ];
      const all = [...new Set([name, ...neighbors])].filter(
        (one) => one && Buffer.byteLength(one) < 64,
      );
      for (const one of all) {
        await client.query(
          `CREATE SCHEMA ${identifier(one)}; CREATE TABLE ${qualified(one, 'mine')} (v text)`,
        );
        await client.query(`INSERT INTO ${qualified(one, 'mine')} VALUES ($1)`, [
          `only ${Buffer.from(one).toString('hex')}.`,
        ]);
      }
      const text = await withSnapshot(name, dumped);
      for (const one of all) {
        expect(text.includes(`only ${Buffer.from(one).toString('hex')}.`)).toBe(one === name);
        await client.query(`DROP SCHEMA ${identifier(one)} CASCADE`);
      }
    };
    const hostile = [
      'MyTenant',
      'a.b',
      't?',
      '*',
      'a|b',
      '"',
      '"; drop schema x; --',
      '$(id)',
      '\\',
      'a\nb',
      '../x',
      '%2e%2e',
      '😀😀',
      '\u202eabc',
      'é'.repeat(29),
      "'",
      '-n',
      '--schema=x',
      ' ',
      '(a)',
      '[ab]',
      '+',
      '^a$',
      '$',
    ];
    await fc.assert(fc.asyncProperty(names, check), {
      numRuns: 25,
      examples: hostile.map((name) => [name]),
    });
    await client.end();
  });

  it('and its inventory and counts are of one instant, while others write', async () => {
    await postgres.sql(
      'CREATE SCHEMA busy; CREATE TABLE busy.t AS SELECT generate_series(1, 1000) AS n',
      database,
    );
    await withSnapshot('busy', async (snapshot) => {
      await postgres.sql('INSERT INTO busy.t SELECT generate_series(1, 500)', database);
      const rows = await snapshot.countRows(new AbortController().signal);
      expect(rows.get(tableKey('busy', 't'))?.rows).toBe(1000);
      const text = await dumped(snapshot);
      expect(/COPY busy\.t.*?\n([\s\S]*?)\\\.\n/.exec(text)?.[1]?.trim().split('\n')).toHaveLength(
        1000,
      );
    });
  });

  it('blocks no session that refreshes a materialized view, once its rows are counted', async () => {
    await postgres.sql(
      'CREATE SCHEMA shown; CREATE MATERIALIZED VIEW shown.v AS SELECT generate_series(1, 3) AS n',
      database,
    );
    await withSnapshot('shown', async (snapshot) => {
      const rows = await snapshot.countRows(new AbortController().signal);
      expect(rows.get(tableKey('shown', 'v'))).toEqual({ rows: 3 });
      await postgres.sql('REFRESH MATERIALIZED VIEW shown.v', database);
    });
  });
});

describe('an inventory', () => {
  it('names what the schema needs elsewhere, and which objects need it', async () => {
    await postgres.sql(
      `CREATE EXTENSION citext; CREATE EXTENSION hstore SCHEMA public;
       CREATE SCHEMA shared; CREATE TABLE shared.users (id int PRIMARY KEY); CREATE TYPE shared.tone AS ENUM ('a');
       CREATE FUNCTION shared.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
       CREATE ROLE "the reader";
       CREATE SCHEMA needy;
       CREATE TABLE needy.t (id int PRIMARY KEY REFERENCES shared.users, tone shared.tone, mail public.citext, v int CHECK (shared.f(v) > 0));
       CREATE VIEW needy.v AS SELECT id FROM shared.users;
       GRANT SELECT ON needy.t TO "the reader";
       CREATE SEQUENCE needy.s START 5; SELECT nextval('needy.s')`,
      database,
    );
    const inventory = await withSnapshot('needy', (snapshot) => snapshot.inventory);
    const found = inventory.outside.map(
      ({ kind, name, neededBy }) => `${kind} ${name} < ${neededBy.join(', ')}`,
    );
    expect(found).toEqual([
      'extension citext < needy.t',
      'function shared.f(integer) < needy.t',
      'table shared.users < needy.t, needy.v',
      'type shared.tone < needy.t',
    ]);
    expect(inventory.extensions.map(({ name }) => name)).toEqual(['citext']);
    expect(inventory.sequences).toEqual([{ schema: 'needy', name: 's', value: '5', called: true }]);
    expect(inventory.roles).toEqual(['postgres', 'the reader']);
    expect(inventory.warnings.join('\n')).toContain('shared.users');
  });

  it('warns of rows that belong to an extension, which no dump holds', async () => {
    await postgres.sql(
      'CREATE SCHEMA members; CREATE TABLE members.t AS SELECT 1 AS n; ALTER EXTENSION plpgsql ADD TABLE members.t',
      database,
    );
    const inventory = await withSnapshot('members', (snapshot) => snapshot.inventory);
    await postgres.sql('ALTER EXTENSION plpgsql DROP TABLE members.t', database);
    expect(inventory.warnings.join()).toMatch(/belong to an extension.*"t"/);
  });

  it('refuses partitions whose rows would be missing', async () => {
    await postgres.sql(
      `CREATE SCHEMA parts; CREATE SCHEMA archive;
       CREATE TABLE parts.log (d date) PARTITION BY RANGE (d);
       CREATE TABLE archive."log 2020" PARTITION OF parts.log DEFAULT PARTITION BY RANGE (d);
       CREATE TABLE parts.deep PARTITION OF archive."log 2020" DEFAULT`,
      database,
    );
    const error = await failure(openOn('parts'));
    expect(error.name).toBe('PartitionsElsewhere');
    expect(error.message).toContain('log 2020');
    expect(error.message).not.toContain('deep');
  });

  it('refuses when row security would hide rows from the role', async () => {
    await postgres.sql(
      `CREATE ROLE plain LOGIN PASSWORD 'plain'; CREATE SCHEMA guarded;
       CREATE TABLE guarded.t (id int); ALTER TABLE guarded.t ENABLE ROW LEVEL SECURITY;
       GRANT USAGE ON SCHEMA guarded TO plain; GRANT SELECT ON guarded.t TO plain`,
      database,
    );
    const error = await failure(openOn('guarded', accessTo({}, 'plain', 'plain')));
    expect(error.name).toBe('PermissionMissing');
    expect(error.message).toMatch(/"t".*BYPASSRLS/);
  });

  it('names the table that the role may not read', async () => {
    await postgres.sql(
      'CREATE SCHEMA closed; CREATE TABLE closed.secret (id int); GRANT USAGE ON SCHEMA closed TO plain',
      database,
    );
    const error = await failure(openOn('closed', accessTo({}, 'plain', 'plain')));
    expect(error.name).toBe('PermissionMissing');
    expect(error.message).toContain('secret');
  });

  it('names the role whose rights the backup role has and does not inherit', async () => {
    await postgres.sql(
      "CREATE ROLE aside LOGIN PASSWORD 'aside'; GRANT pg_read_all_data TO aside WITH INHERIT FALSE",
    );
    const error = await failure(openOn('closed', accessTo({}, 'aside', 'aside')));
    expect(error).toMatchObject({
      name: 'PermissionMissing',
      message: expect.stringMatching(/permission denied.*"pg_read_all_data" .*WITH INHERIT TRUE/s),
    });
  });

  it('warns of a materialized view that its owner cannot fill again', async () => {
    await postgres.sql(
      `CREATE ROLE keeper; CREATE SCHEMA kept; CREATE TABLE kept."a b" AS SELECT 1 AS n;
       CREATE MATERIALIZED VIEW kept.v AS SELECT n FROM kept."a b"; CREATE MATERIALIZED VIEW kept.w AS SELECT n FROM kept."a b";
       ALTER MATERIALIZED VIEW kept.v OWNER TO keeper; GRANT USAGE ON SCHEMA kept TO keeper`,
      database,
    );
    const inventory = await withSnapshot('kept', (snapshot) => snapshot.inventory);
    expect(inventory.warnings).toEqual([
      expect.stringMatching(/can't fill .*"v".*"keeper".*kept\."a b"/),
    ]);
  });

  it("holds whatever the role's own settings are", async () => {
    await postgres.sql(
      `CREATE ROLE odd LOGIN PASSWORD 'odd'; GRANT pg_read_all_data TO odd;
       ALTER ROLE odd SET statement_timeout = '1ms'; ALTER ROLE odd SET search_path = 'shared';
       ALTER ROLE odd SET default_transaction_isolation = 'serializable';
       ALTER ROLE odd SET idle_in_transaction_session_timeout = '1ms'; ALTER ROLE odd SET transaction_timeout = '50ms'`,
      database,
    );
    const snapshot = await openOn('busy', accessTo({}, 'odd', 'odd'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(
      (await snapshot.countRows(new AbortController().signal)).get(tableKey('busy', 't')),
    ).toEqual({ rows: 1500 });
    await snapshot.close();
  });
});
