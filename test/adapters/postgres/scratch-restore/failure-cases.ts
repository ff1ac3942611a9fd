/** Errors of a server about a backup: SQLSTATE, message, and what was being executed. */
export type Complaint = readonly [code: string, message: string, where: string];

export const OF_THE_SERVER: readonly Complaint[] = [
  ['53100', 'could not extend file "base/5/1": No space left on device', ''],
  ['53200', 'out of shared memory', ''],
  ['53200', 'out of memory', ''],
  ['53400', 'temporary file size exceeds "temp_file_limit" (1kB)', ''],
  ['54001', 'stack depth limit exceeded', ''],
  ['57P01', 'terminating connection due to administrator command', ''],
  ['57P02', 'terminating connection because of crash of another server process', ''],
  ['58030', 'could not read block 1 in file "base/5/1": Input/output error', ''],
  ['58000', 'could not fork', ''],
  ['08006', 'connection failure', ''],
  ['XX000', 'cache lookup failed for type 1', ''],
];

export const NO_FAULT: readonly Complaint[] = [
  ['22023', 'could not create locale "de_DE": No such file or directory', ''],
  ['42704', 'collation "pg_catalog.xx_YY" for encoding "UTF8" does not exist', ''],
  ['58P01', 'could not access file "$libdir/postgis-3": No such file or directory', ''],
  ['0A000', 'compression method lz4 not supported by this build', ''],
  [
    '42501',
    'permission denied for table rates',
    'PL/pgSQL function acme.known(text) line 1 at RETURN',
  ],
  [
    '42P01',
    'relation "rates" does not exist',
    'PL/pgSQL function acme.known(text) line 1 at RETURN',
  ],
  [
    '42P01',
    'relation "shared.rates" does not exist',
    'PL/pgSQL function acme.known(text) line 1 at RETURN',
  ],
];

export const OF_THE_BACKUP: readonly Complaint[] = [
  ['23505', 'could not create unique index "i"', ''],
  ['42601', 'syntax error at or near "x"', ''],
  ['0A000', 'cannot do that', ''],
  ['42P01', 'relation "shared.t" does not exist', ''],
];
