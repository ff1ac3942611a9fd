/**
 * How a scratch server is run: for speed, in little space, for one client, and with no data that must survive. The names are those of
 * PostgreSQL's documentation, chapter "Server Configuration".
 */
export interface ServerRoom {
  readonly major: number;
  readonly socketFolder: string;
  readonly port: number;
  /** Of the whole function, megabytes. */
  readonly memoryMb: number;
  /** On the disk now, bytes. */
  readonly freeBytes: number;
}

const between = (least: number, wanted: number, most: number): number =>
  Math.floor(Math.min(Math.max(wanted, least), most));

const MiB = 1024 ** 2;

export const serverSettings = (room: ServerRoom): Readonly<Record<string, string>> => ({
  ...inLambdasRoom(room),
  ...nothingToLose,
  ...littleLog,
  ...memory(room.memoryMb),
  // A query that writes temporary files without end fails alone, while the server can still write its own files.
  temp_file_limit: `${between(64, (0.8 * room.freeBytes) / MiB, 2_000_000)}MB`,
  ...(room.major >= 18 ? { io_method: 'sync' } : {}),
});

/** No TCP, no /dev/shm, few processes and few open files: an execution environment has 1,024 of each. */
const inLambdasRoom = ({ socketFolder, port }: ServerRoom): Readonly<Record<string, string>> => ({
  listen_addresses: '',
  unix_socket_directories: socketFolder,
  unix_socket_permissions: '0700',
  port: String(port),
  shared_memory_type: 'mmap',
  dynamic_shared_memory_type: 'mmap',
  huge_pages: 'off',
  max_connections: '20',
  max_files_per_process: '256',
  // One transaction restores a whole schema, and holds a lock on each of its tables, indexes and sequences.
  max_locks_per_transaction: '2048',
  // Workers pass rows through dynamic shared memory, which is a file here.
  max_parallel_workers: '0',
  max_parallel_workers_per_gather: '0',
  max_parallel_maintenance_workers: '0',
  max_logical_replication_workers: '0',
  jit: 'off',
});

/**
 * No data must survive, so nothing is synced. With a `wal_level` of minimal, rows of a table that the same transaction created are not
 * logged at all; `wal_skip_threshold` extends that to small tables.
 */
const nothingToLose = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  wal_skip_threshold: '0',
  max_wal_senders: '0',
  min_wal_size: '2MB',
  max_wal_size: '16MB',
  checkpoint_completion_target: '0',
  autovacuum: 'off',
  // A crash ends the server permanently: the caller gets an error, and the data would be lost anyway.
  restart_after_crash: 'off',
  timezone: 'UTC',
} as const;

/**
 * Standard error goes to us, and only the server's messages about itself: errors go to the client that caused them, and may quote rows, as
 * may the details of other messages.
 */
const littleLog = {
  log_destination: 'stderr',
  logging_collector: 'off',
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
  log_line_prefix: '',
} as const;

/** Megabytes for this process, for pg_restore and for the server's other processes. */
const OTHERS_MB = 512;

/**
 * An index is sorted in memory or, if that is too small, in files as large as the index, while its table exists already: a table with one
 * index then needs 1.35 times its size. So `maintenance_work_mem`, which one statement at a time uses, gets all remaining memory. In 2,240
 * MB of 3,008 the index of a bigint key is sorted for 50 million rows.
 */
const memory = (memoryMb: number): Readonly<Record<string, string>> => {
  const shared = between(32, memoryMb / 8, 256);
  return {
    shared_buffers: `${shared}MB`,
    maintenance_work_mem: `${Math.max(64, memoryMb - shared - OTHERS_MB)}MB`,
    work_mem: `${between(8, memoryMb / 32, 256)}MB`,
  };
};
