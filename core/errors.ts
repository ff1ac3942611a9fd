/**
 * Every failure that Larder names. A leaf says whether trying again may help (`retryable`) and ends its
 * message with what the reader should do next. Messages go into records, mails and HTTP answers: they hold
 * names and numbers, never a secret and never another tool's bare output.
 */
export abstract class LarderError extends Error {
  /** True where the same attempt may succeed later without anybody changing anything. */
  abstract readonly retryable: boolean;
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

abstract class Permanent extends LarderError {
  readonly retryable = false;
}
abstract class Retryable extends LarderError {
  readonly retryable = true;
}

/** A name in a message: JSON quoting makes newlines, quotes and control characters visible. */
export const quoted = (name: string): string => JSON.stringify(name);

// ── what was asked ──────────────────────────────────────────────────────────────────────────────────

/** A request, message or setting that is not of the form it must have. `problems` has a line for each mistake. */
export class InvalidInput extends Permanent {
  readonly problems: readonly string[];
  constructor(what: string, problems: readonly string[], options?: { cause?: unknown }) {
    super(`${what}: ${problems.join('; ')}`, options);
    this.problems = problems;
  }
}

export class ProjectNotFound extends Permanent {
  constructor(projectId: string) {
    super(
      `No source has a project ${quoted(projectId)}. Check the id, or the query that lists the source's projects.`,
    );
  }
}

export class ProjectInactive extends Permanent {
  constructor(projectId: string, status: string) {
    super(
      `Project ${quoted(projectId)} has the status ${quoted(status)}; only ACTIVE projects are backed up. Activate it in its source first.`,
    );
  }
}

export class BackupNotFound extends Permanent {
  constructor(projectId: string, backupId: string) {
    super(
      `Project ${quoted(projectId)} has no backup ${quoted(backupId)}. GET /projects/{projectId}/backups lists those it has.`,
    );
  }
}

export class RunNotFound extends Permanent {
  constructor(runId: string) {
    super(`There is no run ${quoted(runId)}. GET /status lists the latest.`);
  }
}

/** A backup in a state that does not allow what was asked. */
export class BackupNotReady extends Permanent {
  constructor(backupId: string, status: string, wanted: string) {
    super(`Backup ${quoted(backupId)} is ${status}; ${wanted}.`);
  }
}

/** Two sources list the same project id. */
export class DuplicateProject extends Permanent {
  constructor(projectId: string, first: string, second: string) {
    super(
      `Project ${quoted(projectId)} is listed by source ${quoted(first)} and by source ${quoted(second)}. ` +
        `Ids must be unique: give source ${quoted(second)} an idPrefix, or take the project out of one of the two.`,
    );
  }
}

export class FormatNotPossible extends Permanent {
  /** @param server such as `PostgreSQL 15`, or `any PostgreSQL` */
  constructor(format: string, compression: string, server: string, possible: string) {
    super(
      `Format ${format} with compression ${compression} is not possible on ${server}: ${possible}.`,
    );
  }
}

export class IdempotencyConflict extends Permanent {
  constructor() {
    super(
      'This Idempotency-Key was used for another request within the last 24 hours. Use a new key for a new request.',
    );
  }
}

/** A listing that is suddenly empty is a mistake far more often than the end of every project. */
export class NoProjectsListed extends Permanent {
  constructor(source: string, known: number) {
    super(
      `Source ${quoted(source)} lists no project at all, though ${known} of its projects are known. Nothing was planned and none was given up. ` +
        'Check the query that lists its projects and what its role may see (row security hides rows without an error); if they are really gone, take the source out of the configuration.',
    );
  }
}

/** No source has the project so far, but not all of them could be asked. */
export class ProjectNotResolved extends Retryable {
  constructor(projectId: string, why: readonly string[]) {
    super(
      `Whether there is a project ${quoted(projectId)} can't be told now, since not every source answered: ${why.join('; ')}`,
    );
  }
}

// ── reaching the source ─────────────────────────────────────────────────────────────────────────────

export class SourceUnreachable extends Retryable {
  constructor(source: string, why: string, options?: { cause?: unknown }) {
    super(
      `Source ${quoted(source)} can't be reached: ${why}. Check host, port, security groups and that the database is up.`,
      options,
    );
  }
}

export class LoginRefused extends Permanent {
  constructor(source: string, user: string, why: string, options?: { cause?: unknown }) {
    super(
      `Source ${quoted(source)} refused the login of ${quoted(user)}: ${why}. Check user, password and pg_hba rules; the secret is read anew at every attempt.`,
      options,
    );
  }
}

export class DatabaseNotFound extends Permanent {
  constructor(source: string, database: string) {
    super(
      `Source ${quoted(source)} has no database ${quoted(database)}. Correct "database" in the configuration.`,
    );
  }
}

export class TlsRefused extends Permanent {
  constructor(source: string, why: string, options?: { cause?: unknown }) {
    super(
      `The TLS connection to source ${quoted(source)} could not be trusted: ${why}. ` +
        'Give the certificate authority as "ca", or set "tls" for a server without TLS.',
      options,
    );
  }
}

export class SecretUnreadable extends Permanent {
  constructor(secret: string, why: string, options?: { cause?: unknown }) {
    super(
      `The secret ${quoted(secret)} can't be used: ${why}. It must be a JSON object with "username" and "password", or a postgresql:// URL.`,
      options,
    );
  }
}

/** A pooler in transaction mode sits in front of the server: snapshots and settings would leak or break. */
export class PoolerInTransactionMode extends Permanent {
  constructor(source: string) {
    super(
      `Source ${quoted(source)} is reached through a pooler in transaction mode, where a snapshot can't be held. ` +
        "Use the direct connection, or the pooler's session mode (port 5432 on Supabase; PgBouncer with pool_mode = session and ignore_startup_parameters = options).",
    );
  }
}

export class ServerTooNew extends Permanent {
  constructor(serverMajor: number, majorsOnHand: readonly number[]) {
    super(
      `The server is PostgreSQL ${serverMajor}, but the newest pg_dump on hand is ${majorsOnHand.length ? Math.max(...majorsOnHand) : 'none'} ` +
        `(on hand: ${majorsOnHand.join(', ') || 'none'}). Build the client layer with major ${serverMajor}: see docs/layers.md.`,
    );
  }
}

// ── reading the schema ──────────────────────────────────────────────────────────────────────────────

export class SchemaNotFound extends Permanent {
  constructor(schema: string, database: string) {
    super(
      `Database ${quoted(database)} has no schema ${quoted(schema)}. The name is taken as it is, with its upper and lower case.`,
    );
  }
}

export class PermissionMissing extends Permanent {
  constructor(what: string, wayOut: string, options?: { cause?: unknown }) {
    super(`${what}. ${wayOut}`, options);
  }
}

/** Our session could not lock a table in time; nothing waits behind us any more. */
export class LockTimeout extends Retryable {
  /** @param what such as `Schema "acme"`, where it is no table */
  constructor(
    table: string,
    waitedMs: number,
    blocker: string,
    what: string = `Table ${quoted(table)}`,
  ) {
    super(
      `${what} could not be locked within ${waitedMs} ms: ${blocker}. It is tried again later.`,
    );
  }
}

/** The export held up somebody's DDL for longer than allowed and made room. */
export class GaveWayToDdl extends Retryable {
  constructor(pid: number, waitedSeconds: number) {
    super(
      `Backend ${pid} waited ${waitedSeconds.toFixed(0)} s for a lock that this export held; the export gave way and is tried again later. ` +
        'Move the schedule away from migrations, or change export.giveWayAfterSeconds.',
    );
  }
}

/** Tables changed between listing and snapshot, several times in a row. */
export class SchemaInMotion extends Retryable {
  constructor(schema: string) {
    super(
      `Schema ${quoted(schema)} was altered while its tables were being locked, several times in a row. The export is tried again later.`,
    );
  }
}

/** Rows of the schema's tables live where the dump would not take them. */
export class PartitionsElsewhere extends Permanent {
  constructor(schema: string, partitions: readonly string[]) {
    super(
      `Tables of schema ${quoted(schema)} have partitions in other schemas, whose rows would be missing without a word: ` +
        `${partitions.slice(0, 5).map(quoted).join(', ')}${partitions.length > 5 ? ` and ${partitions.length - 5} more` : ''}. ` +
        'Move them (ALTER TABLE ... SET SCHEMA copies nothing and keeps them attached), or back up their schema too, as a project or one of sharedSchemas, ' +
        'and set export.partitionsElsewhere to "accept".',
    );
  }
}

// ── dumping and storing ─────────────────────────────────────────────────────────────────────────────

/** pg_dump ended with an error that Larder has no better name for. `detail` is its own last line, cleaned. */
export class DumpFailed extends Retryable {
  constructor(exit: string, detail: string, options?: { cause?: unknown }) {
    super(`pg_dump ended with ${exit}: ${detail}`, options);
  }
}

/** The connection or the server went away while pg_dump was reading. */
export class DumpInterrupted extends Retryable {
  constructor(why: string, options?: { cause?: unknown }) {
    super(`The dump was interrupted: ${why}. It is tried again from the beginning.`, options);
  }
}

/** A value is too large for PostgreSQL's text form (1 GB); no pg_dump can read it. */
export class RowTooLarge extends Permanent {
  constructor(table: string) {
    super(
      `Table ${quoted(table)} has a row whose text form passes 1 GB, which COPY can't carry. Split or move that value (bytea of over about 512 MB).`,
    );
  }
}

/** The server can't read its own data: no dump will, until somebody has mended it. */
export class DamagedData extends Permanent {
  constructor(doing: string, why: string, options?: { cause?: unknown }) {
    super(
      `Damaged data on the source's disk, it seems, while ${doing}: the server reports ${why}. No dump can read it. Keep the older backups, look at the server's log, and think of restoring the last good one.`,
      options,
    );
  }
}

export class DumpNotWhole extends Retryable {
  constructor(why: string) {
    super(`pg_dump reported success, but its output is not whole: ${why}. Nothing was kept.`);
  }
}

export class TooLarge extends Permanent {
  constructor(limitBytes: number) {
    super(
      `The backup grew past the maximum stored size of ${limitBytes} bytes and was stopped; nothing was kept. Raise export.maximumStoredBytes, or split the project.`,
    );
  }
}

export class TookTooLong extends Permanent {
  constructor(seconds: number) {
    super(
      `The export was stopped after ${seconds} s, the longest it may run; nothing was kept. ` +
        'Choose a faster compression (zstd level 1), give the function more memory, or split the project.',
    );
  }
}

export class TarTooLarge extends Permanent {
  constructor(table: string, tableBytes: number, roomBytes: number) {
    super(
      `Format tar spools each table to temporary storage: ${quoted(table)} has ${tableBytes} bytes, the function ${roomBytes}. Use format custom, or give the function more temporary storage.`,
    );
  }
}

export class UploadInterrupted extends Retryable {
  constructor(why: string, options?: { cause?: unknown }) {
    super(
      `The upload to the vault was interrupted: ${why}. It is tried again from the beginning.`,
      options,
    );
  }
}

export class VaultRefused extends Permanent {
  constructor(why: string, options?: { cause?: unknown }) {
    super(
      `The vault refused: ${why}. Check the function's role and the vault's key policy.`,
      options,
    );
  }
}

// ── telling people ──────────────────────────────────────────────────────────────────────────────────

export class MailNotSent extends Retryable {
  constructor(from: string, why: string, options?: { cause?: unknown }) {
    super(
      `The mail from ${quoted(from)} could not be sent: ${why}. Verify the sender's identity in SES, and in its sandbox each recipient's; it is tried again.`,
      options,
    );
  }
}

/** Another invocation holds the right to mail a run and has not used it yet: it may have died. */
export class MailUnderway extends Retryable {
  constructor(runId: string) {
    super(
      `The mail of run ${runId} is being sent by another invocation; this one looks again later.`,
    );
  }
}

// ── claims ──────────────────────────────────────────────────────────────────────────────────────────

/** Another attempt owns the row now; this worker must stop and change nothing. */
export class ClaimLost extends Retryable {
  constructor(id: string, what = 'Backup') {
    super(
      `${what} ${id} is no longer this worker's: its lease ran out or another attempt took it over.`,
    );
  }
}

export class Cancelled extends Permanent {
  constructor(id: string, what = 'Backup') {
    super(`${what} ${id} was cancelled.`);
  }
}

/** The worker's attempts are used up without one that could say why. */
export class WorkerDied extends Permanent {
  constructor(attempts: number) {
    super(
      `The worker died in each of ${attempts} attempts without a word (killed, out of memory or out of time). Look at the export function's log for this backup's id.`,
    );
  }
}

// ── restoring ───────────────────────────────────────────────────────────────────────────────────────

export class RestoreNotFound extends Permanent {
  constructor(projectId: string, restoreId: string) {
    super(
      `Project ${quoted(projectId)} has no restore ${quoted(restoreId)} of this backup. GET .../restores lists those it has.`,
    );
  }
}

export class VerificationNotFound extends Permanent {
  constructor(projectId: string, verificationId: string) {
    super(
      `Project ${quoted(projectId)} has no verification ${quoted(verificationId)} of this backup. GET .../verifications lists those it has.`,
    );
  }
}

/** The configuration gives the source no restore role, or does not allow this origin. */
export class RestoreNotAllowed extends Permanent {
  constructor(why: string) {
    super(`${why} See docs/restore.md.`);
  }
}

/** A restore in a state that does not allow what was asked. */
export class RestoreNotReady extends Permanent {
  constructor(restoreId: string, state: string, wanted: string) {
    super(`Restore ${quoted(restoreId)} is ${state}; ${wanted}.`);
  }
}

/** A plain backup is one long script: no table can be taken out of it. */
export class TablesNeedArchive extends Permanent {
  constructor(backupId: string) {
    super(
      `Backup ${quoted(backupId)} is a plain SQL script, which has no table of contents: tables can only be chosen from formats custom and tar. ` +
        'Restore all of it beside, and take the tables from there.',
    );
  }
}

/** A backup that lacks what this way of restoring it needs: definitions, rows, or a database at all. */
export class ContentNotRestorable extends Permanent {
  constructor(backupId: string, lacks: string, wayOut: string) {
    super(`Backup ${quoted(backupId)} ${lacks}. ${wayOut}`);
  }
}

/** What was found before anything was written speaks against it. `problems` has a line for each. */
export class RestoreRefused extends Permanent {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`Nothing was restored: ${problems.join(' ')}`);
    this.problems = problems;
  }
}

/** The stored object is not there any more, or never was. */
export class BackupGone extends Permanent {
  constructor(key: string) {
    super(
      `The vault has no object ${quoted(key)}, though the history names it. Compare the two with: npm run larder -- history compare.`,
    );
  }
}

/** What is stored is not what was stored then. */
export class BackupDamaged extends Permanent {
  constructor(key: string, how: string) {
    super(
      `The stored object ${quoted(key)} is damaged: ${how}. Nothing of it was restored. Use another backup, and look at the bucket's earlier versions of this key.`,
    );
  }
}

/** A backup's content is not what pg_dump writes: damaged, cut short, made by something else, or made to do harm. */
export class DumpUnreadable extends Permanent {
  /** @param where such as `byte 1234 of its SQL` */
  constructor(where: string, why: string, options?: { cause?: unknown }) {
    super(
      `The backup can't be read at ${where}: ${why}. Nothing of it was restored. Verify the backup, and use another one if this one is damaged.`,
      options,
    );
  }
}

/** Reading the vault broke, several times in a row. */
export class ReadInterrupted extends Retryable {
  constructor(key: string, why: string, options?: { cause?: unknown }) {
    super(`Reading ${quoted(key)} from the vault broke: ${why}. It is tried again.`, options);
  }
}

/** What was restored is not what the manifest says. */
export class RestoreMismatch extends Permanent {
  readonly differences: readonly string[];
  constructor(differences: readonly string[]) {
    super(
      `What came back differs from the manifest: ${differences.slice(0, 5).join('; ')}${differences.length > 5 ? ` and ${differences.length - 5} more` : ''}. Nothing was kept of it.`,
    );
    this.differences = differences;
  }
}

/** The server refused a statement of the backup. `object` is what it was about. */
export class StatementRefused extends Permanent {
  constructor(object: string, why: string, options?: { cause?: unknown }) {
    super(`The server refused ${object}: ${why}. Nothing was restored.`, options);
  }
}

/** The connection or the server went away in the middle; the transaction with it. */
export class RestoreInterrupted extends Retryable {
  constructor(why: string, options?: { cause?: unknown }) {
    super(
      `The restore was interrupted: ${why}. Nothing was kept of it; it is tried again.`,
      options,
    );
  }
}

/** A swap waits for a backup of what is live; it did not become one. */
export class SafetyBackupFailed extends Permanent {
  constructor(backupId: string, why: string) {
    super(
      `The backup ${backupId} of what is live now, which a swap takes first, was not completed: ${why} Nothing was exchanged. Mend what it says, then ask for the swap again.`,
    );
  }
}

export class SafetyBackupPending extends Retryable {
  constructor(backupId: string, status: string) {
    super(
      `The backup ${backupId} of what is live now, which a swap takes first, is still ${status}. The swap goes on once it is completed.`,
    );
  }
}

/** A restore ended after its schema had been committed: that is whole, and stays. */
export class StepNotDone extends Permanent {
  constructor(what: string, schemas: readonly string[], cause: unknown) {
    super(
      `${what}: ${cause instanceof Error ? cause.message : 'for a reason that the log has'} The backup is whole in ${schemas.map(quoted).join(', ')}, and what was live is untouched. Ask again, or drop what you don't need.`,
      { cause },
    );
  }
}

/** A restore or verification at the end of its function's time. */
export class JobTookTooLong extends Permanent {
  constructor(what: string, seconds: number) {
    super(
      `The ${what} was stopped after ${seconds} s, the longest its function has; nothing of it was kept. ` +
        'Bring the backup back by hand: GET .../restore-guide has the commands.',
    );
  }
}

/** A worker that died took its attempt with it, for the last time. */
export class JobWorkerDied extends Permanent {
  constructor(what: string, attempts: number) {
    super(
      `The ${what} was given up: its worker died in each of ${attempts} attempts. The function's log and its memory have the reason.`,
    );
  }
}

// ── verifying ───────────────────────────────────────────────────────────────────────────────────────

/** No folder of programs has a server: nothing can be verified. */
export class ServerLayerMissing extends Permanent {
  constructor(roots: readonly string[]) {
    super(
      `No PostgreSQL server to verify with is in ${roots.map(quoted).join(', ') || 'any folder'}. ` +
        'Deploy the verify function with the server layer, or build it for this machine with: npm run layers (docs/layers.md).',
    );
  }
}

/** A backup is of a newer major than any server on hand. */
export class ServerTooOld extends Permanent {
  constructor(backupMajor: number, majorsOnHand: readonly number[]) {
    super(
      `The backup is of PostgreSQL ${backupMajor}, and the servers on hand to verify it with are older: ${majorsOnHand.join(', ')}. ` +
        `Build the server layer with major ${backupMajor}: see docs/layers.md.`,
    );
  }
}

/** A restore would not fit into the temporary folder: nothing of it was begun. */
export class ScratchTooSmall extends Permanent {
  /** @param mostBytes what the folder can be enlarged to at most, where there is such a limit */
  constructor(folder: string, neededBytes: number, freeBytes: number, mostBytes?: number) {
    const most = mostBytes ? Math.floor(mostBytes / 1024 ** 2) : 0;
    super(
      `Verifying takes ${mb(neededBytes)} MB of disk in ${folder}, and ${Math.floor(freeBytes / 1024 ** 2)} MB are free. ` +
        (mostBytes && neededBytes > mostBytes
          ? `No setting helps: a Lambda function has ${most} MB at most. Restore this backup into a database of your own to check it; GET .../restore-guide has the commands.`
          : `Set verification.temporaryMb to ${mb(neededBytes)} or more${most ? ` (Lambda allows up to ${most})` : ''}.`),
    );
  }
}

const mb = (bytes: number): number => Math.ceil(bytes / 1024 ** 2);

/** The disk ran full under the scratch server, in spite of what was reckoned before. */
export class ScratchDiskFull extends Permanent {
  constructor(folder: string, why: string, options?: { cause?: unknown }) {
    super(
      `The disk under ${folder} ran full while verifying: ${why}. Raise verification.temporaryMb.`,
      options,
    );
  }
}

/** The scratch server could not be made or did not start. `why` is its own last line, cleaned. */
export class ScratchFailed extends LarderError {
  readonly retryable: boolean;
  constructor(
    why: string,
    wayOut: string,
    options?: { readonly cause?: unknown; readonly retryable?: boolean },
  ) {
    super(`The scratch server for the verification did not start: ${why}. ${wayOut}`, options);
    this.retryable = options?.retryable ?? false;
  }
}

/** The scratch server ended by itself in the middle. `why` is its own last lines, cleaned. */
export class ScratchDied extends Retryable {
  /** How, and its last words. */
  readonly how: string;
  constructor(exit: string, why: string, options?: { cause?: unknown }) {
    super(
      `The scratch server ended by itself with ${exit}${why ? `: ${why}` : ' and without a word'}. ` +
        'Where the system killed it, memory ran out: raise verification.memoryMb. Then verify the backup again.',
      options,
    );
    this.how = why ? `${exit}: ${why}` : exit;
  }
}

/** The scratch server could not go on for a want of its own, such as memory; what it was about is no matter. */
export class ScratchFaltered extends Retryable {
  constructor(object: string, why: string, options?: { cause?: unknown }) {
    super(
      `The scratch server could not go on at ${object}: ${why}. It is tried again; where that does not help, raise verification.memoryMb or verification.temporaryMb.`,
      options,
    );
  }
}

/** A backup that no verification can look at, whatever is in it. */
export class BackupNotVerifiable extends Permanent {
  constructor(backupId: string, why: string, wayOut: string) {
    super(`Backup ${quoted(backupId)} can't be verified: ${why}. ${wayOut}`);
  }
}

/** A backup can't be brought back into a scratch server, which is no fault of the backup's. */
export class RehearsalImpossible extends Permanent {
  constructor(why: string, wayOut: string, options?: { cause?: unknown }) {
    super(`${why}. ${wayOut}`, options);
  }
}

/** A message that ended in a dead-letter queue. */
export class MessageBuried extends Permanent {
  constructor(why: string) {
    super(`The request's message was given up by its queue: ${why}. Request the backup again.`);
  }
}

/** A restore's or verification's message that ended in a dead-letter queue. */
export class JobMessageBuried extends Permanent {
  constructor(what: 'restore' | 'verification', why: string) {
    super(
      `The message of this ${what} was given up by its queue: ${why}. Ask for the ${what} again; the function's log has the reason.`,
    );
  }
}

/** What another function of Larder answered with: its error's name, message and kind, without its class. */
export class FailedElsewhere extends LarderError {
  readonly retryable: boolean;
  constructor(failure: {
    readonly name: string;
    readonly message: string;
    readonly retryable: boolean;
  }) {
    super(failure.message);
    this.name = failure.name;
    this.retryable = failure.retryable;
  }
}

/** Planning one source's part of a run was given up. */
export class PlanningGivenUp extends Permanent {
  constructor(source: string, why: string) {
    super(
      `Planning the backups of source ${quoted(source)} was given up: ${why}. Look at its plan function's log; POST /runs starts a new run.`,
    );
  }
}

/** An error of any kind as it is kept in records: name and message only. */
export const describeError = (error: unknown): { name: string; message: string } => {
  if (error instanceof LarderError) return { name: error.name, message: error.message };
  const name = error instanceof Error ? error.name : 'Error';
  return { name, message: `Unexpected failure (${name}). The function's log has the details.` };
};

/** The same for a line of the log, which has the stack besides. */
export const failureFacts = (error: unknown) => ({
  failure: describeError(error),
  stack: error instanceof Error ? error.stack : undefined,
});

/** True where trying again may help; an error nobody named counts as such, since attempts are bounded. */
export const isRetryable = (error: unknown): boolean =>
  error instanceof LarderError ? error.retryable : true;
