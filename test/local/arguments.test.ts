import { describe, expect, it } from 'vitest';
import { parseDatabaseUrl, secretOf } from '../../local/database/url.ts';
import { namesOf, readArguments } from '../../local/start/arguments.ts';

describe('the command line', () => {
  it('has defaults for a first start', () => {
    expect(readArguments([], {})).toMatchObject({
      once: false,
      json: false,
      verify: false,
      port: 4400,
      dataDir: `${process.cwd()}/.larder`,
    });
  });

  it.each([
    [['--frob'], 'frob'],
    [['--port', '70000'], '--port 70000'],
    [['--port', 'x'], '--port x'],
    [['--schemas', 'a'], '--database-url'],
    [['--database-url', 'postgresql://x', '--schemas', 'a,,b'], 'empty name'],
    [['more'], 'more'],
    [['--restore-url', 'postgresql://r:p@h/db'], '--database-url'],
    [
      ['--database-url', 'postgresql://b:p@h/db', '--restore-url', 'postgresql://r:p@other/db'],
      'the same host, port and database',
    ],
    [
      ['--database-url', 'postgresql://b:p@h/db', '--restore-url', 'postgresql://b:q@h/db'],
      'another role',
    ],
    [['--database-url', 'mysql://b:p@h/db'], '--database-url: The database URL begins'],
    [
      ['--database-url', 'postgresql://b:p@h/db', '--restore-url', 'mysql://r:p@h/db'],
      '--restore-url: The database URL begins',
    ],
  ])('refuses %j by name', (argv, named) => {
    expect(() => readArguments(argv, {})).toThrow(named);
  });

  it('accepts names of schemas as SQL and shells allow them', () => {
    expect(namesOf('a, B c ,"d,e","f""g"," h "')).toEqual(['a', 'B c', 'd,e', 'f"g', ' h ']);
  });

  it('takes the URLs from the environment, where no list of processes shows them', () => {
    const url = 'postgresql://u:p@localhost/db';
    expect(readArguments([], { LARDER_DATABASE_URL: url })?.database).toMatchObject({ user: 'u' });
    const restore = { LARDER_RESTORE_URL: 'postgresql://r:p@localhost/db' };
    expect(readArguments([], { LARDER_DATABASE_URL: url, ...restore })?.restore).toMatchObject({
      user: 'r',
    });
    // The demo has a restore role of its own.
    expect(readArguments([], restore)).not.toHaveProperty('restore');
  });
});

describe('a database URL', () => {
  it("is read with libpq's defaults", () => {
    const address = parseDatabaseUrl('postgres://me:p%40ss@db.example.com', {});
    expect(address).toMatchObject({ port: 5432, user: 'me', password: 'p@ss', database: 'me' });
    expect(parseDatabaseUrl('postgres://me@h/db', { PGPASSWORD: 'x' }).password).toBe('x');
  });

  it.each([
    ['postgresql://u:p@db.example.com/x', 'verify-full'],
    ['postgresql://u:p@db.example.com/x?sslmode=require', 'verify-full'],
    ['postgresql://u:p@db.example.com/x?sslmode=disable', 'disable'],
    ['postgresql://u:p@localhost/x', 'disable'],
    ['postgresql://u:p@127.0.0.1/x?sslmode=verify-full', 'verify-full'],
    ['postgresql://u:p@[::1]/x', 'disable'],
  ])('of %s is reached with TLS %s', (url, tls) => {
    expect(parseDatabaseUrl(url, {}).tls).toBe(tls);
  });

  it.each([
    'mysql://u:hunter2@h/x',
    'postgresql://u:hun%ter2@h/x',
    'postgresql://u:hunter2@h/x?sslmode=none',
    'postgresql://u:hunter2@h/x?host=/run',
    'postgresql://u:hunter2@h:port/x',
    'postgresql://',
  ])('%s is refused without showing its password', (url) => {
    expect(() => parseDatabaseUrl(url, {})).toThrow(
      expect.objectContaining({
        name: 'BadDatabaseUrl',
        message: expect.not.stringMatching(/hunter2|ter2/),
      }),
    );
  });

  it('is read from its secret, whatever the password contains', () => {
    const address = parseDatabaseUrl(
      'postgresql://u:%2F%3F%23%5B%40%3A%25%20@[::1]:1234/d%20b',
      {},
    );
    expect(parseDatabaseUrl(secretOf(address), {})).toMatchObject({
      user: 'u',
      password: '/?#[@:% ',
      host: '::1',
      database: 'd b',
    });
  });
});
