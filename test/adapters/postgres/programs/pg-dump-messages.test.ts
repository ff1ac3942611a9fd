import { describe, expect, it } from 'vitest';
import { DumpWords, dumpFailure } from '../../../../adapters/postgres/programs/pg-dump-messages.ts';

const server = { version: '18.6', major: 18, database: 'app', encoding: 'UTF8', collation: 'C' };
const readingOf = (said: string, exit = 'exit code 1') => {
  const words = new DumpWords(() => undefined);
  words.hear(said);
  return dumpFailure(exit, words.last(), { schemas: ['acme'], server });
};
const copying = (error: string, table = 'big') =>
  `pg_dump: dumping contents of table "acme.${table}"
pg_dump: error: Dumping the contents of table "${table}" failed: PQgetResult() failed.
pg_dump: detail: Error message from server: ${error}
pg_dump: detail: Command was: COPY acme.${table} (a, b) TO stdout;
`;

/** Messages of the programs and servers of PostgreSQL 15 and 18. */
const cases: [string, string, string, boolean, string][] = [
  [
    'a value too large for its text form',
    copying('ERROR:  invalid memory alloc request size 1200000003', 'too\nbig'),
    'RowTooLarge',
    false,
    '"too\\nbig"',
  ],
  [
    'a row too large, in 15',
    copying(
      'ERROR:  out of memory\nDETAIL:  Cannot enlarge string buffer containing 600000005 bytes by 600000002 more bytes.',
    ),
    'RowTooLarge',
    false,
    '"big"',
  ],
  [
    'a row too large, in 18',
    copying(
      'ERROR:  string buffer exceeds maximum allowed length (1073741823 bytes)\nDETAIL:  Cannot enlarge string buffer containing 600000005 bytes by 600000002 more bytes.',
    ),
    'RowTooLarge',
    false,
    '"big"',
  ],
  [
    'a server short of memory',
    copying('ERROR:  out of memory\nDETAIL:  Failed on request of size 32 in memory context "x".'),
    'DumpInterrupted',
    true,
    'out of memory',
  ],
  [
    'a length that only damage can explain',
    copying('ERROR:  invalid memory alloc request size 18446744073709551613'),
    'DamagedData',
    false,
    '"big"',
  ],
  [
    'a damaged page',
    copying('ERROR:  invalid page in block 7 of relation base/5/16384'),
    'DamagedData',
    false,
    'invalid page in block 7',
  ],
  [
    'a value whose pieces are gone',
    copying('ERROR:  missing chunk number 0 for toast value 16400 in pg_toast_16384'),
    'DamagedData',
    false,
    'missing chunk number',
  ],
  [
    "a replica's replay that needs the rows",
    copying(
      'ERROR:  canceling statement due to conflict with recovery\nDETAIL:  User query might have needed to see row versions that must be removed.',
    ),
    'DumpInterrupted',
    true,
    'replica',
  ],
  [
    "a replica's replay that ends the session",
    copying(
      'FATAL:  terminating connection due to conflict with recovery\nDETAIL:  User was holding a relation lock for too long.',
    ),
    'DumpInterrupted',
    true,
    'replica',
  ],
  [
    'a lock that was not to be had, in 18',
    'pg_dump: reading user-defined tables\npg_dump: error: query failed: ERROR:  canceling statement due to statement timeout\npg_dump: detail: Query was: LOCK TABLE acme.wide, acme."lock ""me""" IN ACCESS SHARE MODE\n',
    'LockTimeout',
    true,
    'acme.wide',
  ],
  [
    'a lock that was not to be had, in 15',
    'pg_dump: error: query failed: ERROR:  canceling statement due to lock timeout\npg_dump: detail: Query was: LOCK TABLE acme."lock ""me""" IN ACCESS SHARE MODE\n',
    'LockTimeout',
    true,
    'lock',
  ],
  [
    'a query that somebody cancelled',
    copying('ERROR:  canceling statement due to user request'),
    'DumpInterrupted',
    true,
    'cancelled',
  ],
  [
    'a backend that was ended',
    copying('FATAL:  terminating connection due to administrator command'),
    'DumpInterrupted',
    true,
    'connection',
  ],
  [
    'a snapshot whose holder is gone, in 15',
    `pg_dump: error: query failed: ERROR:  invalid snapshot identifier: "00000003-00000ABC-1"\npg_dump: detail: Query was: SET TRANSACTION SNAPSHOT '00000003-00000ABC-1'\n`,
    'DumpInterrupted',
    true,
    'connection',
  ],
  [
    'a snapshot whose holder is gone, in 18',
    `pg_dump: error: query failed: ERROR:  snapshot "00000003-00000ABC-1" does not exist\npg_dump: detail: Query was: SET TRANSACTION SNAPSHOT '00000003-00000ABC-1'\n`,
    'DumpInterrupted',
    true,
    'connection',
  ],
  [
    'a server that is starting',
    'pg_dump: error: connection to server at "127.0.0.1", port 5432 failed: FATAL:  the database system is starting up\n',
    'DumpInterrupted',
    true,
    'connection',
  ],
  [
    'row security',
    'pg_dump: error: query failed: ERROR:  query would be affected by row-level security policy for table "rls"\npg_dump: detail: Query was: COPY acme.rls (v) TO stdout;\n',
    'PermissionMissing',
    false,
    'BYPASSRLS',
  ],
  [
    'a table that may not be read',
    'pg_dump: error: query failed: ERROR:  permission denied for table wide\npg_dump: detail: Query was: LOCK TABLE acme.wide IN ACCESS SHARE MODE\n',
    'PermissionMissing',
    false,
    'table wide',
  ],
  [
    'a schema that is gone',
    'pg_dump: last built-in OID is 16383\npg_dump: error: no matching schemas were found\n',
    'SchemaNotFound',
    false,
    '"acme"',
  ],
  [
    'a server that is too new',
    'pg_dump: error: aborting because of server version mismatch\npg_dump: detail: server version: 18.6; pg_dump version: 15.20\n',
    'ServerTooNew',
    false,
    '18',
  ],
];

describe("pg_dump's last messages", () => {
  it.each(cases)('on %s get a name', (_, said, name, retryable, words) => {
    const error = readingOf(said);
    expect([error.name, error.retryable]).toEqual([name, retryable]);
    expect(error.message).toContain(words);
  });

  it('that are unknown are reported without the statement, which may hold values', () => {
    const error = readingOf(
      "pg_dump: error: query failed: ERROR:  something new\npg_dump: detail: Query was: SELECT 'secret'\n",
    );
    expect([error.name, error.retryable]).toEqual(['DumpFailed', true]);
    expect(error.message).toContain('something new');
    expect(error.message).not.toContain('secret');
  });

  it('are missing when it is killed: the likeliest reason is reported', () => {
    expect(readingOf('', 'signal SIGKILL').message).toMatch(/killed.*memory/);
  });
});
