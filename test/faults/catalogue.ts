/**
 * Every fault that is tried, and its required outcome. The tests compare with this, and docs/reliability.md is
 * made from it: test/faults/page.test.ts fails if the two differ.
 */
export interface Verdict {
  /** The row's state after enough deliveries and sweeps. */
  readonly ends: string;
  /** `whole` has been read back: its size, SHA-256, manifest and rows. */
  readonly object: 'whole' | 'whole, adopted' | 'none';
  readonly reported: 'by the worker' | 'by the sweep' | 'by bury' | 'nobody';
  /** In the vault, before the sweep; after it there is never anything. */
  readonly left: string;
}

const completed = (attempt: number, more: Partial<Verdict> = {}): Verdict => ({
  ends: `completed at attempt ${attempt}`,
  object: 'whole',
  reported: 'by the worker',
  left: 'nothing',
  ...more,
});
const failed = (error: string, more: Partial<Verdict> = {}): Verdict => ({
  ends: `failed: ${error}`,
  object: 'none',
  reported: 'by the worker',
  left: 'nothing',
  ...more,
});
const ADOPTED = { object: 'whole, adopted' } as const;
const BY_SWEEP = { reported: 'by the sweep' } as const;
const leaves = (what: string) => ({ left: `${what}, until the sweep` });

const PG_DUMP = {
  'pg_dump exits 1 after its first bytes': failed('DumpFailed'),
  'pg_dump exits 1 after half of its output': failed('DumpFailed'),
  'pg_dump exits 1 after all of its output': failed('DumpFailed'),
  'pg_dump exits 0 and has written nothing': failed('DumpNotWhole'),
  'pg_dump exits 0 and has written something else': failed('DumpNotWhole'),
  'pg_dump exits 0 after half of a plain dump': failed('DumpNotWhole'),
  'pg_dump exits 0 after half of a tar': failed('DumpNotWhole'),
  'pg_dump exits 0 after half of a custom archive': failed('DumpNotWhole'),
  'pg_dump exits 0 without the middle of a custom archive': failed('DumpNotWhole'),
  'pg_dump is killed after half of its output': failed('DumpFailed'),
  'pg_dump closes its output and then exits 1': failed('DumpFailed'),
  'pg_dump never ends': failed('TookTooLong'),
  'pg_dump ignores that it is asked to end': failed('TookTooLong'),
  'pg_dump cannot be started': failed('DumpFailed'),
  'pg_dump lacks a permission': failed('PermissionMissing'),
  'pg_dump fails once and then works': completed(2),
  'the disk is full under a tar': failed('DumpFailed'),
  'the backup exceeds the maximum stored size': failed('TooLarge'),
} as const;

const DATABASE = {
  'the network drops the connections while connecting': completed(2),
  'the network drops the connections while locking': completed(2),
  'the network drops the connections while counting': completed(2),
  'the network drops the connections while dumping': completed(2),
  'the network resets the connections while connecting': completed(2),
  'the network resets the connections while locking': completed(2),
  'the network resets the connections while counting': completed(2),
  'the network resets the connections while dumping': completed(2),
  'the network goes silent while connecting': completed(2),
  'the network goes silent while locking': completed(2),
  'the network goes silent while counting': completed(2),
  'the network goes silent while dumping': completed(2),
  'the project is gone': failed('ProjectNotFound'),
  'the project is no longer active': failed('ProjectInactive'),
  'the schema is gone': failed('SchemaNotFound'),
  'a table stays locked': failed('LockTimeout'),
  'nothing listens where the database should be': failed('SourceUnreachable'),
  'the server has connections for only one of our sessions': failed('SourceUnreachable'),
  'the server ends our sessions in the middle of the dump': completed(2),
  'the database crashes and restarts in the middle of the dump': completed(2),
} as const;

const VAULT = {
  'S3 answers 500 to a part forever': failed('UploadInterrupted'),
  'S3 answers 503 SlowDown, then recovers': completed(1),
  'S3 answers 503 SlowDown forever': failed('UploadInterrupted'),
  'S3 answers 403': failed('VaultRefused'),
  'S3 answers 400 RequestTimeout forever': failed('UploadInterrupted'),
  'S3 does not answer a part, once': completed(1),
  'S3 never answers a part': failed('UploadInterrupted'),
  'S3 resets the connection at a part, once': completed(1),
  'S3 answers 500 to the completion forever': failed('UploadInterrupted'),
  'S3 answers 200 to the completion, with an error inside': failed('UploadInterrupted'),
  'S3 never answers the completion, which is not done': failed('UploadInterrupted'),
  'S3 never answers the completion, which is done': completed(1),
  'S3 answers 500 to the completion, which is done': completed(1),
  'S3 is gone after the first part, with the upload, and recovers': completed(
    2,
    leaves('an upload'),
  ),
  'another program aborts the upload meanwhile': completed(2),
  'S3 answers 500 to the manifest forever': failed('UploadInterrupted'),
  'S3 never answers the manifest, which is done': completed(1),
  'S3 is gone after the completion and recovers': completed(2, leaves('an object')),
} as const;

const HISTORY = {
  'the history throttles the claim, once': completed(1),
  'the history throttles every claim of a delivery': completed(1),
  'the history does the claim and loses the answer': completed(1),
  'the history throttles the completion forever, and recovers for the failure': completed(
    2,
    ADOPTED,
  ),
  'the history is gone right before the completion': completed(2, ADOPTED),
  'the history does the completion and answers 500': completed(1),
  'the history does the completion and is gone': completed(1, BY_SWEEP),
  'the history is gone while the third attempt fails': failed('WorkerDied'),
} as const;

const MESSAGES = {
  'the message comes three times at the same time': completed(1),
  'the message comes again after the end': completed(1),
  'the message comes late, after a cancellation': {
    ...failed(''),
    ends: 'cancelled',
    reported: 'by the sweep',
  },
  'the message is malformed': completed(1),
  'the message is lost': completed(1),
  'the queue moves the message to its dead-letter queue': failed('MessageBuried', {
    reported: 'by bury',
  }),
  'the queue does not let the message be hidden': completed(1),
  'the outcome cannot be sent': completed(1, BY_SWEEP),
  'SES refuses the mail, then accepts it': completed(1),
} as const;

const WORKER = {
  'the lease is lost to another attempt while it works': completed(2),
  'the lease is lost to an attempt that adopts, and the manifest seems to fail': completed(
    2,
    ADOPTED,
  ),
  'the clock jumps an hour forward while it works': completed(1),
  'the clock jumps an hour back while it works': completed(1),
  'the clock is an hour ahead in a worker that dies': completed(2),
  'every worker dies': failed('WorkerDied'),
  'two stacks export one project at the same time': completed(1),
  'two stacks have the same backup id, and one attempts it again': completed(2),
} as const;

const KILLED = {
  'SIGKILL right after the claim': completed(2),
  'SIGKILL before it connects': completed(2),
  'SIGKILL while it connects': completed(2),
  'SIGKILL while it waits for a lock': completed(2),
  'SIGKILL after its snapshot, before pg_dump writes': completed(2),
  'SIGKILL while the upload begins': completed(2, leaves('an upload')),
  'SIGKILL at the first part': completed(2, leaves('an upload')),
  'SIGKILL after the second part': completed(2, leaves('an upload')),
  'SIGKILL right before the completion': completed(2, leaves('an upload')),
  'SIGKILL right after the completion': completed(2, leaves('an object')),
  'SIGKILL right before the manifest': completed(2, leaves('an object')),
  'SIGKILL right after the manifest': completed(2, ADOPTED),
  'SIGKILL right before the row': completed(2, ADOPTED),
  'SIGKILL right after the row': completed(1, BY_SWEEP),
  'SIGKILL right after the outcome': completed(1),
} as const;

export const THEMES = {
  'pg_dump and its disk': PG_DUMP,
  'Database and network': DATABASE,
  Vault: VAULT,
  History: HISTORY,
  'Messages and mail': MESSAGES,
  'Leases, clocks, neighbors': WORKER,
  'The worker is killed (a process with the deployed bundle)': KILLED,
} as const;

export const FAULTS = {
  ...PG_DUMP,
  ...DATABASE,
  ...VAULT,
  ...HISTORY,
  ...MESSAGES,
  ...WORKER,
  ...KILLED,
} satisfies Record<string, Verdict>;
export type FaultName = keyof typeof FAULTS;
